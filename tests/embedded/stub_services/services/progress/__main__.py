from services.stub import serve

serve("progress")
