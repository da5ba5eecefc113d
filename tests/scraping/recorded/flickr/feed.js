jsonFlickrFeed({
		"title": "Recent Uploads tagged moss and forestfloor",
		"items": [
	   {
			"title": "Tuva\'s moss \\ \'deep\'",
			"link": "https://www.flickr.example/photos/tuva/501/",
			"media": {"m":"https://live.flickr.example/501_m.jpg"},
			"description": " <p><a href=\"https://www.flickr.example/people/tuva/\">tuva</a> posted a photo:</p> <p><img src=\"x.jpg\" /></p> <p>It&#39;s &quot;soft&quot;</p> ",
			"published": "2026-06-10T05:00:00Z",
			"author": "nobody@flickr.example (\"tuva\")",
			"author_id": "55@N09",
			"tags": "moss forestfloor macro"
	   },
	   {
			"title": "", "link": "https://www.flickr.example/photos/tuva/502/", "description": null, "published": "", "author_id": "55@N09", "tags": ""
	   },
	   {
			"title": "wrong", "link": "https://www.flickr.example/photos/tuva/503/", "tags": ["moss"]
	   }
        ]
})
