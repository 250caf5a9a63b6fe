from services.stub import work

work("progress-worker")
