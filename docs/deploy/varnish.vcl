# Varnish as a shared cache in front of the edge. docs/deploy/README.md says why each rule is as it is. The tests run
# this file. Purge by key:   curl -X PURGE -H 'Surrogate-Key: photo-0123456789abcdef' http://127.0.0.1/
vcl 4.1;

import std;

backend edge {
    .host = "127.0.0.1";
    .port = "8080";
    .first_byte_timeout = 15s;
    .probe = { .url = "/-/ready"; .interval = 5s; .timeout = 2s; .initial = 3; }
}

acl operators { "127.0.0.1"; "::1"; }

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ operators) { return (synth(405)); }
        if (req.http.Surrogate-Key !~ "^(photo-[0-9a-f]+|signed)$") { return (synth(400)); }
        ban("obj.http.Surrogate-Key ~ (^|\s)" + req.http.Surrogate-Key + "(\s|$)");
        return (synth(200, "Purged"));
    }
    if (req.method != "GET" && req.method != "HEAD") { return (pass); }

    # The control API, /-/urls, health: never cached.
    if (req.url ~ "^/-/" && req.url !~ "^/-/s/") { return (pass); }

    # Whoever says who is looking is answered by the edge alone: nothing from the cache, nothing into it.
    if (req.url !~ "^/-/s/" && (req.http.Authorization || req.http.Cookie ~ "(^|;)\s*__Host-mfmc=")) { return (pass); }

    # What is left is a stranger's, or a signed URL, which shows the same to everybody. What the edge looks at besides the address
    # comes in as few spellings as can be; Varnish keeps an answer for each by its Vary.
    unset req.http.Authorization;
    unset req.http.Cookie;
    if (req.http.Accept ~ "(?i)image/avif" && req.http.Accept ~ "(?i)image/webp") { set req.http.Accept = "image/avif,image/webp,*/*"; }
    elsif (req.http.Accept ~ "(?i)image/avif") { set req.http.Accept = "image/avif,*/*"; }
    elsif (req.http.Accept ~ "(?i)image/webp") { set req.http.Accept = "image/webp,*/*"; }
    else { set req.http.Accept = "*/*"; }
    if (std.healthy(req.backend_hint)) { set req.grace = 1s; }
    return (hash);
}

sub vcl_backend_response {
    if (beresp.http.Cache-Control ~ "(?i)private|no-store|no-cache") {
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;   # for so long it is known that there is nothing to wait for
        set beresp.grace = 0s;
        return (deliver);
    }
    # While the edge is down, a base may be stale: it is synthetic. A signed picture may not: it may show a face that was hidden since,
    # so it is kept only to ask by its entity tag whether it is still good.
    set beresp.keep = 2m;
    if (bereq.url ~ "^/-/s/") { set beresp.grace = 0s; } else { set beresp.grace = 1d; }
    return (deliver);
}

sub vcl_deliver {
    unset resp.http.Surrogate-Key;
    unset resp.http.Via;
    unset resp.http.X-Varnish;
    if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; }
}
