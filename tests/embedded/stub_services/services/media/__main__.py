from services.stub import serve

serve("media")
