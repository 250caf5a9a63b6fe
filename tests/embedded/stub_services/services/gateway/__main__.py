from services.stub import serve

serve("gateway")
