# The library's INTERFACE targets: one without third-party dependencies, and one for each component whose dependencies
# were found.

include(cmake/prefopt-components.cmake)
prefopt_check_compiler(prefopt_problem)
if(prefopt_problem)
  message(FATAL_ERROR "prefopt: ${prefopt_problem}")
endif()
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL TRUE)  # so that a project that adds this one as a subdirectory can link them too

# prefopt_interface(TARGET NAME PATTERN...) makes prefopt::NAME from the matching headers; paths are relative to
# include/prefopt.
function(prefopt_interface target name)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/include/prefopt/ OUTPUT_VARIABLE patterns)
  file(GLOB headers CONFIGURE_DEPENDS ${patterns})
  add_library(${target} INTERFACE)
  add_library(prefopt::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
endfunction()

set(prefopt_layers core data loss backend policy optim nn train models)
set(layer_patterns prefopt.hpp version.hpp fwd.hpp)
foreach(layer IN LISTS prefopt_layers)
  list(APPEND layer_patterns ${layer}/*.hpp ${layer}/detail/*.hpp)
endforeach()
prefopt_interface(prefopt prefopt ${layer_patterns})
add_library(prefopt::core ALIAS prefopt)  # its name in find_package, which needs a component to name

set(prefopt_available_components)
set(prefopt_missing_components)
list(REMOVE_ITEM prefopt_components cuda)  # it is compiled: cuda_backend.cmake
foreach(component IN LISTS prefopt_components)
  prefopt_find_component(${component} missing)
  if(missing)
    list(JOIN missing ", " missing)
    message(STATUS "prefopt::${component}: left out, not found: ${missing}")
    list(APPEND prefopt_missing_components ${component})
    continue()
  endif()
  set(patterns ${component}.hpp ${component}/*.hpp ${component}/detail/*.hpp)
  if(component STREQUAL "pretrained")
    list(APPEND patterns compiled.hpp)
  endif()
  prefopt_interface(prefopt_${component} ${component} ${patterns})
  target_link_libraries(prefopt_${component} INTERFACE prefopt)
  foreach(need IN LISTS prefopt_${component}_needs)
    string(REGEX REPLACE "^.*=" "" library "${need}")
    target_link_libraries(prefopt_${component} INTERFACE ${library})
  endforeach()
  list(APPEND prefopt_available_components ${component})
endforeach()
foreach(component IN LISTS prefopt_available_components)
  foreach(below IN LISTS prefopt_${component}_components)
    target_link_libraries(prefopt_${component} INTERFACE prefopt_${below})
  endforeach()
endforeach()
if(TARGET prefopt_eigen)
  target_link_libraries(prefopt_eigen INTERFACE $<TARGET_NAME_IF_EXISTS:OpenMP::OpenMP_CXX>)
endif()

# The CPU backend and its decoder, compiled once: PREFOPT_COMPILED, which the library gives to whoever links it, leaves
# their definitions out of the headers. In this build only; it is not installed.
if(TARGET prefopt_pretrained)
  file(GLOB compiled_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/compiled/*.cpp)
  add_library(prefopt_compiled STATIC EXCLUDE_FROM_ALL ${compiled_sources})
  add_library(prefopt::compiled ALIAS prefopt_compiled)
  set_target_properties(prefopt_compiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(prefopt_compiled PUBLIC prefopt_pretrained)
  target_compile_definitions(prefopt_compiled INTERFACE PREFOPT_COMPILED)
  list(FILTER compiled_sources INCLUDE REGEX "/decoder_")  # these need no operations
  set_source_files_properties(${compiled_sources} TARGET_DIRECTORY prefopt_compiled
                              PROPERTIES COMPILE_DEFINITIONS PREFOPT_COMPILED)
endif()
