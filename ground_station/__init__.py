"""The service: joins the rooms, keeps the records, and is what people talk to."""
