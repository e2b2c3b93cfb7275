module keelson.dev/pod

go 1.25
