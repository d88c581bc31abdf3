# `cmake --install`, and the files that find_package(prefopt) reads afterwards. Each component is a separate export, so
# that a consumer without a component's third-party library can still use the others.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_directory ${CMAKE_INSTALL_DATADIR}/cmake/prefopt)

if(TARGET prefopt_cuda)  # requested, so an error; checked before anything is copied
  install(CODE "if(NOT EXISTS \"$<TARGET_FILE:prefopt_cuda>\")
    message(FATAL_ERROR \"prefopt::cuda is not built yet, and PREFOPT_CUDA is ${PREFOPT_CUDA}: run `cmake --build \"
                        \"${PROJECT_BINARY_DIR} --target prefopt_cuda` first, or configure with -DPREFOPT_CUDA=OFF\")
  endif()")
endif()
install(TARGETS prefopt prefopt_cuda_headers EXPORT prefopt-targets FILE_SET HEADERS)
install(EXPORT prefopt-targets NAMESPACE prefopt:: DESTINATION ${package_directory})
foreach(component IN LISTS prefopt_available_components)
  install(TARGETS prefopt_${component} EXPORT prefopt-${component}-targets FILE_SET HEADERS)
  install(EXPORT prefopt-${component}-targets NAMESPACE prefopt:: DESTINATION ${package_directory})
endforeach()
if(TARGET prefopt_cuda)
  install(TARGETS prefopt_cuda EXPORT prefopt-cuda-targets)
  install(EXPORT prefopt-cuda-targets NAMESPACE prefopt:: DESTINATION ${package_directory})
endif()
if(TARGET prefopt_compiled)  # if it is built
  install(TARGETS prefopt_compiled EXPORT prefopt-compiled-targets OPTIONAL)
  install(EXPORT prefopt-compiled-targets NAMESPACE prefopt:: DESTINATION ${package_directory})
  install(CODE "if(NOT EXISTS \"$<TARGET_FILE:prefopt_compiled>\")
    file(GLOB targets \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${package_directory}/prefopt-compiled-targets*.cmake\")
    file(REMOVE \${targets})
    message(STATUS \"prefopt::compiled: left out, not built (`cmake --build ${PROJECT_BINARY_DIR} --target prefopt_compiled`)\")
  endif()")
endif()
if(NOT TARGET prefopt_cuda AND NOT TARGET prefopt_compiled)
  set(any_architecture ARCH_INDEPENDENT)  # headers only
endif()

configure_package_config_file(cmake/prefopt-config.cmake.in prefopt-config.cmake
                              INSTALL_DESTINATION ${package_directory} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(prefopt-config-version.cmake COMPATIBILITY SameMinorVersion ${any_architecture})
install(FILES ${PROJECT_BINARY_DIR}/prefopt-config.cmake ${PROJECT_BINARY_DIR}/prefopt-config-version.cmake
              cmake/prefopt-components.cmake
        DESTINATION ${package_directory})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
