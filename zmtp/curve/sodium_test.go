package curve

// sodiumVectors were made with libsodium 1.0.18 itself: crypto_box_easy from bob to alice, the nonce "CurveZMQMESSAGES" 7, the
// text one zero and then the bytes 0, 1, 2 … 255, 0 …; of the long ones there are the tag and the first bytes.
var sodiumVectors = []struct {
	size int
	box  string
}{
	{0, "f6781e1a64279ca5721118122d7615fed5"},
	{1, "8690ac77b6f05eaf3b0523eface2aaeed5c2"},
	{31, "ce4d43e3546ba1e036111ada7ad2215dd5c20319068d3a281bfeb478d54b004f760ed4c370e4248c532e278d4243b045"},
	{32, "08769d559e7c30e5dd4719a493045c92d5c20319068d3a281bfeb478d54b004f760ed4c370e4248c532e278d4243b04521"},
	{64, "d9aca469d07a1d5dc5e176a6118ed561d5c20319068d3a281bfeb478d54b004f760ed4c370e4248c532e278d4243b04521c6dd6d833bc87bc5e6d62c9fadbd6c94619c559607ddd06d1a217dbd45e9f6ef"},
	{223, "0a399e9a4b82f1ec472a29923f8a6cb7d5c20319068d3a281bfeb478d54b004f"},
	{224, "ecfb92012a6e6323b06188deded3e397d5c20319068d3a281bfeb478d54b004f"},
	{300, "dc4a797001a5b68e5840ac8991077af5d5c20319068d3a281bfeb478d54b004f"},
	{1024, "17d3fe6e481bd42796f02e7021844bffd5c20319068d3a281bfeb478d54b004f"},
	{65536, "20cda4cf022c2fd959c694bc5d800b30d5c20319068d3a281bfeb478d54b004f"},
}
