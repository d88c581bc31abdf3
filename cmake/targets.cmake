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
list(REMOVE_ITEM prefopt_components compiled cuda)  # not headers only: below, and cuda_backend.cmake
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

# The CPU backend, its decoder, and the files of the components, compiled once: PREFOPT_COMPILED, which the library gives
# to whoever links it, leaves their definitions out of the headers. The programs that link it may be compiled for another
# instruction set: it is one object, without their copies of inline functions.
if(TARGET prefopt_pretrained AND CMAKE_OBJCOPY AND CMAKE_NM)
  set(compiled_arch)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(compiled_arch x86-64-v3)
  endif()
  set(PREFOPT_COMPILED_ARCH "${compiled_arch}" CACHE STRING "-march of prefopt::compiled; empty: the compiler's default")
  file(GLOB operations_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/compiled/eigen_backend_*.cpp)
  file(GLOB declared_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/compiled/decoder_*.cpp)
  foreach(component IN LISTS prefopt_pretrained_components)
    file(GLOB definitions RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS
         ${PROJECT_SOURCE_DIR}/include/prefopt/${component}/detail/*_definitions.hpp)
    if(definitions)
      list(TRANSFORM definitions REPLACE "^.+$" "#include \"\\0\"")
      list(JOIN definitions "\n" definitions)
      set(source ${PROJECT_BINARY_DIR}/compiled/${component}.cpp)
      file(CONFIGURE OUTPUT ${source} CONTENT "@definitions@\n" @ONLY)
      list(APPEND declared_sources ${source})
    endif()
  endforeach()
  add_library(prefopt_compiled_objects OBJECT EXCLUDE_FROM_ALL ${operations_sources} ${declared_sources})
  set_target_properties(prefopt_compiled_objects PROPERTIES POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF
                                                            UNITY_BUILD OFF)
  target_link_libraries(prefopt_compiled_objects PRIVATE prefopt_pretrained)
  # g++'s unique variables are unique only in a group, and the joined object has none; weak ones need no group.
  target_compile_options(prefopt_compiled_objects PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  if(PREFOPT_COMPILED_ARCH)
    target_compile_options(prefopt_compiled_objects PRIVATE -march=${PREFOPT_COMPILED_ARCH})
  endif()
  set_source_files_properties(${declared_sources} TARGET_DIRECTORY prefopt_compiled_objects
                              PROPERTIES COMPILE_DEFINITIONS PREFOPT_COMPILED)

  # What the joined object depends on: makefiles know the objects of another target only as an archive.
  add_library(prefopt_compiled_parts STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:prefopt_compiled_objects>)
  set_target_properties(prefopt_compiled_parts PROPERTIES LINKER_LANGUAGE CXX)

  set(joined ${PROJECT_BINARY_DIR}/compiled/prefopt_compiled.o)
  set(joiner ${PROJECT_SOURCE_DIR}/cmake/compiled/join_objects.cmake)
  set(headers ${PROJECT_SOURCE_DIR}/include/prefopt)
  add_custom_command(
    OUTPUT ${joined}
    COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER} -DNM=${CMAKE_NM} -DOBJCOPY=${CMAKE_OBJCOPY}
            -DFOLDER=${headers} -DOUTPUT=${joined} -P ${joiner} $<TARGET_OBJECTS:prefopt_compiled_objects>
    DEPENDS prefopt_compiled_parts ${headers}/compiled.hpp ${headers}/eigen.hpp ${joiner}
    COMMENT "Joining the objects of prefopt::compiled"
    COMMAND_EXPAND_LISTS VERBATIM)
  add_library(prefopt_compiled STATIC EXCLUDE_FROM_ALL ${joined})
  add_library(prefopt::compiled ALIAS prefopt_compiled)
  set_target_properties(prefopt_compiled PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME compiled)
  target_link_libraries(prefopt_compiled INTERFACE prefopt_pretrained)
  target_compile_definitions(prefopt_compiled INTERFACE PREFOPT_COMPILED)
endif()
