-- Refreshes: takes a refresh token from the pool, and puts its successor back.
--
-- BENCH_FILE holds the first tokens, one a line, more than there are connections; BENCH_BODY is the
-- rest of the form. A token is never in use twice at a time, so each answer is a real rotation.

dofile(os.getenv("BENCH_D") .. "/report.lua")

local pool, first, last = {}, 1, 0
local rest = os.getenv("BENCH_BODY")
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }

function init(arguments)
  for token in io.lines(os.getenv("BENCH_FILE")) do
    last = last + 1
    pool[last] = token
  end
end

function request()
  local token = pool[first]
  pool[first] = nil
  first = first + 1
  return wrk.format("POST", nil, headers, rest .. "&refresh_token=" .. (token or "the-pool-is-empty"))
end

function response(status, headers, body)
  -- Found plainly, and not by a pattern: the answer may be long, and the reader shares the processor
  -- with the server.
  local _, before = body:find('"refresh_token":"', 1, true)
  if before then
    last = last + 1
    pool[last] = body:sub(before + 1, body:find('"', before + 1, true) - 1)
  end
end
