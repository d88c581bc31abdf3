# What tests, benches and examples are built with; never seen by consumers. Third-party includes come from imported
# targets, which CMake treats as system headers: warnings are about our code only.

include(CheckCXXCompilerFlag)

add_library(prefopt_own_options INTERFACE)
target_compile_options(prefopt_own_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                                     $<$<BOOL:${PREFOPT_WERROR}>:-Werror>)
# g++ 12 takes the undefined vector that its own AVX-512 intrinsics begin with for a mistake (GCC bug 105593).
target_compile_options(prefopt_own_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(PREFOPT_NATIVE)
  check_cxx_compiler_flag(-march=native PREFOPT_HAS_MARCH_NATIVE)
  if(PREFOPT_HAS_MARCH_NATIVE)
    target_compile_options(prefopt_own_options INTERFACE -march=native)
  endif()
endif()

set(prefopt_all_libraries prefopt::prefopt)
foreach(leaf IN LISTS prefopt_available_leaves)
  list(APPEND prefopt_all_libraries prefopt::${leaf})
endforeach()
