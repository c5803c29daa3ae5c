-- Sends the same request again and again: BENCH_BODY as a form when there is one, and
-- BENCH_AUTHORIZATION as the header of that name.

dofile(os.getenv("BENCH_D") .. "/report.lua")

local body = os.getenv("BENCH_BODY")
local authorization = os.getenv("BENCH_AUTHORIZATION")
if body then
  wrk.method = "POST"
  wrk.body = body
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end
if authorization then
  wrk.headers["Authorization"] = authorization
end
