# Joins the objects of prefopt::compiled into one and hides their inline functions, so that a program never runs a
# function that was compiled for another instruction set than it expects (docs/design/compile_time.md).
#
#   cmake -DCOMPILER=... -DNM=... -DOBJCOPY=... -DFOLDER=include/prefopt -DOUTPUT=... -P join_objects.cmake OBJECT...
#
# Global stay: definitions that are not inline; what compiled.hpp and eigen.hpp in FOLDER instantiate; and
# variables, of which a program has one (but none of Eigen's).

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(objects)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 1 ${last})
  if(CMAKE_ARGV${i} MATCHES "\\.o(bj)?$")
    list(APPEND objects ${CMAKE_ARGV${i}})
  endif()
endforeach()

# Without its groups, a function stays, even if the program has one of the same name.
run(${COMPILER} -r -nostdlib -Wl,--force-group-allocation -o ${OUTPUT} ${objects})

set(instantiated)
foreach(header compiled eigen)
  file(READ ${FOLDER}/${header}.hpp text)
  string(REGEX MATCHALL "(KEYWORD|extern) template class [a-z_]+|KEYWORD template [^;]* [a-z_]+\\(" lines "${text}")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "([a-z_]+)\\(?$" _ "${line}")
    list(APPEND instantiated ${CMAKE_MATCH_1})
  endforeach()
endforeach()
list(REMOVE_DUPLICATES instantiated)
list(JOIN instantiated "|" instantiated)

execute_process(COMMAND ${NM} --defined-only ${OUTPUT} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[WV] [^\n]+" symbols "${symbols}")
set(hidden)
foreach(symbol IN LISTS symbols)
  string(SUBSTRING "${symbol}" 2 -1 name)
  if(name MATCHES "Eigen" OR (symbol MATCHES "^W" AND NOT name MATCHES "^_ZNK?7prefopt[0-9]+v[0-9]+_[0-9]+(${instantiated})I"))
    string(APPEND hidden "${name}\n")
  endif()
endforeach()
file(WRITE ${OUTPUT}.hidden "${hidden}")
run(${OBJCOPY} --localize-symbols=${OUTPUT}.hidden ${OUTPUT})
