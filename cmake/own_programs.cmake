# Options for building tests, benches and examples; consumers never see them. Third-party includes come from imported
# targets, which CMake treats as system headers, so warnings concern only our code.

include(CheckCXXCompilerFlag)

add_library(prefopt_own_warnings INTERFACE)
target_compile_options(prefopt_own_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                                      $<$<BOOL:${PREFOPT_WERROR}>:-Werror>)
# g++ 12 mistakes the undefined vector at the beginning of its own AVX-512 intrinsics for an error (GCC bug 105593).
target_compile_options(prefopt_own_warnings INTERFACE
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>)
add_library(prefopt_own_options INTERFACE)
target_link_libraries(prefopt_own_options INTERFACE prefopt_own_warnings)
if(PREFOPT_NATIVE)
  check_cxx_compiler_flag(-march=native PREFOPT_HAS_MARCH_NATIVE)
  if(PREFOPT_HAS_MARCH_NATIVE)
    target_compile_options(prefopt_own_options INTERFACE -march=native)
  endif()
endif()

set(prefopt_all_libraries prefopt::prefopt)
foreach(component IN LISTS prefopt_available_components)
  list(APPEND prefopt_all_libraries prefopt::${component})
endforeach()

if(TARGET prefopt_compiled_objects)
  target_link_libraries(prefopt_compiled_objects PRIVATE prefopt_own_warnings)
endif()
