# External projects, one for each way to use the library, and find_package's messages about missing dependencies.

if(prefopt_missing_components)
  message(STATUS "tests/consumers: skipped, a component is missing")
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

  add_test(NAME consumer_readme_install COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/readme_install_test.sh
                                                ${PROJECT_SOURCE_DIR} ${consumers_directory}/readme_prefix)
  set_property(TEST consumer_readme_install PROPERTY FIXTURES_SETUP installed_by_readme)

  # prefopt_components(NAME FIXTURE PREFIX OPTION...) builds and runs the project components. Lists have commas.
  function(prefopt_components name fixture prefix)
    add_test(NAME consumer_${name}
             COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/components
                     ${consumers_directory}/${name} --build-generator ${CMAKE_GENERATOR}
                     --build-options -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_PREFIX_PATH=${prefix} ${ARGN}
                     --test-command consumer)
    set_property(TEST consumer_${name} PROPERTY FIXTURES_REQUIRED ${fixture})
  endfunction()
  set(others "prefopt::chat,prefopt::datasets,prefopt::eigen,prefopt::formats,prefopt::hub,prefopt::io,prefopt::pretrained")
  string(APPEND others ",prefopt::runs,prefopt::tokenizers,prefopt::xtensor")
  prefopt_components(core installed_by_readme ${consumers_directory}/readme_prefix
                     -DASKED_FOR=core -DTARGETS=prefopt::core,prefopt::prefopt -DNONE=${others},prefopt::cuda,prefopt::compiled)
  prefopt_components(core_and_tokenizers installed ${consumers_prefix}
                     -DASKED_FOR=core,tokenizers -DTARGETS=prefopt::tokenizers,prefopt::core -DNONE=prefopt::hub)
  prefopt_components(every_component installed_by_readme ${consumers_directory}/readme_prefix
                     -DTARGETS=prefopt::prefopt,prefopt::core,${others} -DNONE=prefopt::cuda,prefopt::compiled)
  if(TARGET prefopt_cuda)
    prefopt_components(cuda installed ${consumers_prefix} -DASKED_FOR=cuda -DTARGETS=prefopt::cuda -DNONE=prefopt::hub)
  endif()

  # prefopt::compiled, built once in the subdirectory of a project, then installed from there.
  if(TARGET prefopt_compiled AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    function(prefopt_consumer_of_compiled name)
      add_test(NAME consumer_${name}
               COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compiled
                       ${consumers_directory}/${name} --build-generator ${CMAKE_GENERATOR}
                       --build-options -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_BUILD_TYPE=Debug ${ARGN}
                       --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure)
      set_property(TEST consumer_${name} PROPERTY LABELS slow)
      set_property(TEST consumer_${name} PROPERTY PROCESSORS 2)
    endfunction()
    prefopt_consumer_of_compiled(compiled_subdirectory -DPREFOPT_SOURCE=${PROJECT_SOURCE_DIR} -DPREFOPT_INSTALL=ON)
    set_property(TEST consumer_compiled_subdirectory PROPERTY FIXTURES_SETUP built_compiled)
    add_test(NAME consumer_compiled_install
             COMMAND ${CMAKE_COMMAND} --install ${consumers_directory}/compiled_subdirectory
                     --prefix ${consumers_directory}/compiled_prefix)
    set_property(TEST consumer_compiled_install PROPERTY LABELS slow)
    set_property(TEST consumer_compiled_install PROPERTY FIXTURES_REQUIRED built_compiled)
    set_property(TEST consumer_compiled_install PROPERTY FIXTURES_SETUP installed_compiled)
    prefopt_consumer_of_compiled(compiled -DCMAKE_PREFIX_PATH=${consumers_directory}/compiled_prefix)
    set_property(TEST consumer_compiled PROPERTY FIXTURES_REQUIRED installed_compiled)
  endif()

  # prefopt_find_without_eigen(NAME COMPONENT SAYS OPTION...) expects the words SAYS for COMPONENT, or success.
  function(prefopt_find_without_eigen name component says)
    add_test(NAME consumer_${name}
             COMMAND ${CMAKE_COMMAND} -G ${CMAKE_GENERATOR} -S ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/missing_needs
                     -B ${consumers_directory}/${name} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DASKED_FOR=${component}
                     -DCMAKE_PREFIX_PATH=${consumers_prefix} -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON ${ARGN})
    set_property(TEST consumer_${name} PROPERTY FIXTURES_REQUIRED installed)
    if(says)
      string(REPLACE " " "[ \n]+" says ${says})  # CMake breaks its lines
      set_property(TEST consumer_${name} PROPERTY PASS_REGULAR_EXPRESSION ${says})
    endif()
  endfunction()
  prefopt_find_without_eigen(missing_need eigen "component eigen needs Eigen 3.4, which was not found")
  prefopt_find_without_eigen(unknown_component abacus "it has no component abacus, only core .prefopt::prefopt, without \
any other., chat, compiled, cuda, datasets, eigen, formats, hub, io, pretrained, runs, tokenizers, xtensor")
  prefopt_find_without_eigen(old_component text "its component text is now called tokenizers")
  prefopt_find_without_eigen(no_component "" "")
  prefopt_find_without_eigen(not_built compiled "without its component compiled, because prefopt_compiled was not built"
                             -DCMAKE_PREFIX_PATH=${consumers_directory}/readme_prefix
                             -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=OFF)
  set_property(TEST consumer_not_built PROPERTY FIXTURES_REQUIRED installed_by_readme)
  prefopt_find_without_eigen(old_compiler core "it needs g.. 12 or clang 16 or later, and .+ is [A-Za-z]+ 11.4"
                             -DOLD_COMPILER=11.4)
endif()
