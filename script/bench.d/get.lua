-- Asks for the paths of BENCH_FILE, one a line, over and over, with BENCH_AUTHORIZATION.

dofile(os.getenv("BENCH_D") .. "/report.lua")

local paths, turn = {}, 0
local headers = { ["Authorization"] = os.getenv("BENCH_AUTHORIZATION") }

function init(arguments)
  for path in io.lines(os.getenv("BENCH_FILE")) do
    table.insert(paths, path)
  end
end

function request()
  turn = turn % #paths + 1
  return wrk.format("GET", paths[turn], headers)
end
