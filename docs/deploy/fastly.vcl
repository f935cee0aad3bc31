# Fastly in front of the edge, as custom VCL. Written from its documentation and NOT RUN: try it with accounts of your own before you trust
# it. docs/deploy/README.md says why each rule is as it is. Fastly takes Surrogate-Key off before viewers see it.
# Purge:   curl -X POST -H "Fastly-Key: $TOKEN" https://api.fastly.com/service/ID/purge/photo-0123456789abcdef     (or …/purge/signed)

sub vcl_recv {
#FASTLY recv
  if (req.method != "HEAD" && req.method != "GET" && req.method != "FASTLYPURGE") { return(pass); }

  # The control API, /-/urls, health: never kept.
  if (req.url ~ "^/-/" && req.url !~ "^/-/s/") { return(pass); }

  # Whoever says who is looking is answered by the edge alone.
  if (req.url !~ "^/-/s/" && (req.http.Authorization || req.http.Cookie ~ "(^|;)\s*__Host-mfmc=")) { return(pass); }

  # What is left is a stranger's, or a signed URL, which shows the same to everybody.
  unset req.http.Authorization;
  unset req.http.Cookie;
  return(lookup);
}

sub vcl_fetch {
#FASTLY fetch
  # Left to itself, Fastly obeys "private" alone, and would keep a 404 that says "no-store".
  if (beresp.http.Cache-Control ~ "(?i)private|no-store|no-cache") { return(pass); }

  # While the edge is down, a base may be stale: it is synthetic. A signed picture may not: it may show a face that was hidden since.
  if (req.url ~ "^/-/s/") { set beresp.stale_if_error = 0s; } else { set beresp.stale_if_error = 86400s; }
  set beresp.stale_while_revalidate = 0s;
  return(deliver);
}

sub vcl_hit {
#FASTLY hit
  return(deliver);
}

sub vcl_miss {
#FASTLY miss
  return(fetch);
}

sub vcl_pass {
#FASTLY pass
  return(pass);
}

sub vcl_error {
#FASTLY error
  if (obj.status >= 500 && stale.exists) { return(deliver_stale); }
  return(deliver);
}

sub vcl_deliver {
#FASTLY deliver
  return(deliver);
}

sub vcl_log {
#FASTLY log
}
