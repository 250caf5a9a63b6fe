from services.stub import work

work("transcoder-worker")
