-- Sends each line of BENCH_FILE once: path, cookie and form, separated by tabs.
--
-- When the list is at its end, connections ask for /healthz until the last answer has arrived, and
-- then the word "finished" is printed, on which the caller ends the run.

dofile(os.getenv("BENCH_D") .. "/report.lua")

local lines = {}
local next_line = 0
local answered = 0
local start
elapsed, operations = nil, 0

function init(arguments)
  for line in io.lines(os.getenv("BENCH_FILE")) do
    table.insert(lines, line)
  end
end

-- Milliseconds before the next request of a connection.
function delay()
  return next_line < #lines and 0 or 3600000
end

function request()
  next_line = next_line + 1
  if next_line == 2 then
    start = now()
  end
  local line = lines[next_line]
  if not line then
    -- Two connections may have found one line left.
    return wrk.format("GET", "/healthz")
  end
  local path, cookie, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
  local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
  if cookie ~= "" then
    headers["Cookie"] = cookie
  end
  return wrk.format("POST", path, headers, body)
end

function response(status)
  answered = answered + 1
  if answered == #lines - 1 then
    operations, elapsed = answered, now() - start
    io.write("finished\n")
    io.flush()
  end
end
