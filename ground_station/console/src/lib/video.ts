/** The camera's own H.264 over a socket, decoded by the browser; single pictures where it cannot. */
import { codecOf } from "./h264";

// Stands in the audit with the name of whoever watches.
const PICTURE_PURPOSE = "实时值守：浏览器无法播放视频流 (live watch without a video decoder)";
const QUEUE_MAX = 6; // pictures waiting for the decoder before the rest up to a key frame is skipped
const HEAD_BYTES = 9; // capture time and key flag
const DECODER_FAILURES_MAX = 3;
const RETRY_MS = 1000;
const PICTURE_EVERY_MS = 500;

export interface VideoTarget {
  canvas: HTMLCanvasElement;
  /** A picture was drawn; `capturedUnixS` is null where the transport does not tell it. */
  onPicture(capturedUnixS: number | null): void;
  /** How the pictures come now. */
  onTransport(transport: "stream" | "pictures"): void;
}

/** Shows one camera until `close`. */
export class VideoPlayer {
  private socket: WebSocket | null = null;
  private decoder: VideoDecoder | null = null;
  private codec = "";
  private isWaitingForKey = true;
  private decoderFailures = 0;
  private isClosed = false;
  private timer: number | undefined;

  constructor(private readonly cameraId: string, private readonly target: VideoTarget) {
    if (typeof VideoDecoder === "undefined") this.showPictures();
    else this.join();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.dropDecoder();
  }

  private join(): void {
    if (this.isClosed) return;
    this.target.onTransport("stream");
    const address = new URL(`/api/video/${encodeURIComponent(this.cameraId)}`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.isWaitingForKey = true;
    socket.onmessage = (message) => this.take(message.data as ArrayBuffer);
    socket.onclose = () => {
      if (!this.isClosed && this.socket === socket) {
        this.timer = window.setTimeout(() => this.join(), RETRY_MS);
      }
    };
  }

  private take(packet: ArrayBuffer): void {
    const head = new DataView(packet);
    const isKey = head.getUint8(8) === 1;
    const bytes = new Uint8Array(packet, HEAD_BYTES);
    // Decoding late pictures only makes later ones later still: skip to where one can start afresh.
    if ((this.decoder?.decodeQueueSize ?? 0) > QUEUE_MAX) this.isWaitingForKey = true;
    if (this.isWaitingForKey && !isKey) return;
    if (isKey) this.prepare(bytes);
    if (this.decoder?.state !== "configured") return;
    this.isWaitingForKey = false;
    this.decoder.decode(
      new EncodedVideoChunk({
        type: isKey ? "key" : "delta",
        timestamp: Math.round(head.getFloat64(0) * 1e6),
        data: bytes,
      }),
    );
  }

  private prepare(keyPicture: Uint8Array): void {
    const codec = codecOf(keyPicture);
    if (codec === null || (codec === this.codec && this.decoder?.state === "configured")) return;
    this.dropDecoder();
    this.decoder = new VideoDecoder({
      output: (frame) => this.draw(frame),
      error: () => this.decoderFailed(),
    });
    this.codec = codec;
    this.decoder.configure({ codec, optimizeForLatency: true });
  }

  private draw(frame: VideoFrame): void {
    const { canvas } = this.target;
    if (canvas.width !== frame.displayWidth) canvas.width = frame.displayWidth;
    if (canvas.height !== frame.displayHeight) canvas.height = frame.displayHeight;
    canvas.getContext("2d")?.drawImage(frame, 0, 0, canvas.width, canvas.height);
    this.decoderFailures = 0;
    this.target.onPicture(frame.timestamp / 1e6);
    frame.close();
  }

  private decoderFailed(): void {
    this.decoderFailures += 1;
    this.dropDecoder();
    this.isWaitingForKey = true;
    if (this.decoderFailures >= DECODER_FAILURES_MAX && !this.isClosed) this.showPictures();
  }

  private dropDecoder(): void {
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    this.codec = "";
  }

  private showPictures(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.target.onTransport("pictures");
    void this.nextPicture();
  }

  private async nextPicture(): Promise<void> {
    const started = performance.now();
    try {
      const asked = new URLSearchParams({ purpose: PICTURE_PURPOSE });
      const answer = await fetch(`/api/picture/${encodeURIComponent(this.cameraId)}.jpg?${asked}`, {
        cache: "no-store",
      });
      if (answer.ok) {
        const picture = await createImageBitmap(await answer.blob());
        const { canvas } = this.target;
        canvas.width = picture.width;
        canvas.height = picture.height;
        canvas.getContext("2d")?.drawImage(picture, 0, 0);
        picture.close();
        this.target.onPicture(null);
      }
    } catch {
      // No picture this time: the age on the screen grows, which says it.
    }
    if (this.isClosed) return;
    const waitMs = Math.max(0, PICTURE_EVERY_MS - (performance.now() - started));
    this.timer = window.setTimeout(() => void this.nextPicture(), waitMs);
  }
}
