from services.stub import serve

serve("transcoder")
