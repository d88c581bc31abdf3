# Folders written here open in Hugging Face transformers. Skipped if Python has none; -DPython3_EXECUTABLE=... selects
# another Python.

find_package(Python3 QUIET COMPONENTS Interpreter)
if(TARGET prefopt::eigen AND TARGET prefopt::hub AND Python3_FOUND)
  add_executable(write_folder ${CMAKE_CURRENT_LIST_DIR}/write_folder.cpp)
  target_link_libraries(write_folder PRIVATE prefopt::eigen prefopt::hub prefopt::compiled prefopt_own_options)

  file(GLOB golden_configs CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/../golden/*/*/config.json)
  list(TRANSFORM golden_configs REPLACE "/config.json$" "" OUTPUT_VARIABLE golden_folders)
  add_test(NAME transformers COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/check_transformers.py
                                     $<TARGET_FILE:write_folder> ${golden_folders})
  set_property(TEST transformers PROPERTY SKIP_RETURN_CODE 77)
else()
  message(STATUS "tests/interop: skipped, it needs prefopt::eigen, prefopt::hub and Python 3")
endif()
