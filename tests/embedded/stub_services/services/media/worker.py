from services.stub import work

work("media-worker")
