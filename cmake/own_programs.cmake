# What tests, benches and examples are built with; never seen by consumers. Third-party includes come from imported
# targets, which CMake treats as system headers: warnings are about our code only.

include(CheckCXXCompilerFlag)

add_library(prefopt_own_options INTERFACE)
target_compile_options(prefopt_own_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                                     $<$<BOOL:${PREFOPT_WERROR}>:-Werror>)
# g++ 12 takes the undefined vector that its own AVX-512 intrinsics begin with for a mistake (GCC bug 105593).
target_compile_options(prefopt_own_options INTERFACE
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>)
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

# Compile time: the operations of the Eigen machine, compiled once for all own programs. Their sources must see its header,
# which says so: first of all where they link prefopt_included_machine, or in their precompiled header.
if(TARGET prefopt_eigen)
  set(compiled_machine ${CMAKE_CURRENT_LIST_DIR}/compiled_machine)
  file(GLOB compiled_machine_sources CONFIGURE_DEPENDS ${compiled_machine}/*.cpp)
  add_library(prefopt_compiled_machine STATIC ${compiled_machine_sources})
  target_link_libraries(prefopt_compiled_machine PRIVATE prefopt::eigen prefopt_own_options)
  set(prefopt_machine_header ${compiled_machine}/eigen_machine.hpp)
  add_library(prefopt_included_machine INTERFACE)
  target_link_libraries(prefopt_included_machine INTERFACE prefopt_compiled_machine)
  target_compile_options(prefopt_included_machine INTERFACE "SHELL:-include ${prefopt_machine_header}")
endif()
