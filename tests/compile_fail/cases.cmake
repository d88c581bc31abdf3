# Each case must not compile, with the diagnostic that it expects, and must compile with -DCONTROL, so that exactly that
# line fails. A case with several mistakes names the first error of each (see expect_failure).

file(GLOB compile_fail_cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
foreach(case IN LISTS compile_fail_cases)
  cmake_path(GET case STEM name)
  add_test(NAME compile_fail_${name}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/expect_failure ${case} ${CMAKE_CXX_COMPILER} -std=c++20
                   -I${PROJECT_SOURCE_DIR}/include "${prefopt_third_party_flags}"
           COMMAND_EXPAND_LISTS)
  file(STRINGS ${case} mistakes REGEX "^// [A-Z_]+: ")  # each is compiled
  list(LENGTH mistakes number)
  if(number GREATER 4)
    prefopt_slow_test(compile_fail_${name})
  endif()
endforeach()
