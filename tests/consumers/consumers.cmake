# Three strangers' projects, one for each way to use the library, and what find_package says of what is missing.

if(prefopt_missing_leaves)
  message(STATUS "tests/consumers: skipped, a leaf is missing")
  return()
endif()

set(consumers_directory ${CMAKE_CURRENT_BINARY_DIR}/consumers)
set(consumers_prefix ${consumers_directory}/prefix)

# prefopt_consumer(NAME OPTION...) configures, builds and runs the project in the folder NAME.
function(prefopt_consumer name)
  add_test(NAME consumer_${name}
           COMMAND ${CMAKE_CTEST_COMMAND}
                   --build-and-test ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${name} ${consumers_directory}/${name}
                   --build-generator ${CMAKE_GENERATOR}
                   --build-options -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_BUILD_TYPE=Debug ${ARGN}
                   --test-command consumer)
endfunction()

prefopt_consumer(add_subdirectory -DPREFOPT_SOURCE=${PROJECT_SOURCE_DIR})
prefopt_consumer(fetch_content -DPREFOPT_SOURCE=${PROJECT_SOURCE_DIR})

if(PREFOPT_INSTALL)
  add_test(NAME consumer_install
           COMMAND sh -c "rm -rf '${consumers_prefix}' && '${CMAKE_COMMAND}' --install '${PROJECT_BINARY_DIR}' --prefix '${consumers_prefix}'")
  set_property(TEST consumer_install PROPERTY FIXTURES_SETUP installed)
  prefopt_consumer(find_package -DCMAKE_PREFIX_PATH=${consumers_prefix})
  set_property(TEST consumer_find_package PROPERTY FIXTURES_REQUIRED installed)

  # prefopt_find_without_eigen(NAME COMPONENT SAYS) expects the words SAYS when COMPONENT is asked for, or success.
  function(prefopt_find_without_eigen name component says)
    add_test(NAME consumer_${name}
             COMMAND ${CMAKE_COMMAND} -G ${CMAKE_GENERATOR} -S ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/missing_needs
                     -B ${consumers_directory}/${name} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DWANTED=${component}
                     -DCMAKE_PREFIX_PATH=${consumers_prefix} -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
    set_property(TEST consumer_${name} PROPERTY FIXTURES_REQUIRED installed)
    if(says)
      string(REPLACE " " "[ \n]+" says ${says})  # CMake breaks its lines
      set_property(TEST consumer_${name} PROPERTY PASS_REGULAR_EXPRESSION ${says})
    endif()
  endfunction()
  prefopt_find_without_eigen(missing_need eigen "component eigen needs Eigen 3.4, which was not found")
  prefopt_find_without_eigen(unknown_component abacus "it has no component abacus")
  prefopt_find_without_eigen(no_component "" "")
endif()
