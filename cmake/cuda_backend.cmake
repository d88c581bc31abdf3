# The CUDA backend. Its headers have no dependencies: prefopt::cuda_headers is for users' own .cu files. prefopt::cuda,
# the library for host compilers, has its operations compiled by nvcc.

set(PREFOPT_CUDA OFF CACHE STRING "Build the CUDA backend: OFF, ON, or AUTO: where there is nvcc from 12.0 on")
set_property(CACHE PREFOPT_CUDA PROPERTY STRINGS AUTO ON OFF)

prefopt_interface(prefopt_cuda_headers cuda_headers cuda.hpp cuda.cuh cuda/*.hpp cuda/*.cuh
                  cuda/detail/*.hpp cuda/detail/*.cuh)
target_link_libraries(prefopt_cuda_headers INTERFACE prefopt $<TARGET_NAME_IF_EXISTS:CUDA::cublasLt>)
# CMake 3.25 does not know the feature cuda_std_20.
target_compile_options(prefopt_cuda_headers INTERFACE
                       "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-std=c++20;--expt-relaxed-constexpr>")

# prefopt_no_cuda(REASON) says why prefopt::cuda is not available; an error if it was requested.
function(prefopt_no_cuda reason)
  if(PREFOPT_CUDA STREQUAL "AUTO" OR NOT PREFOPT_CUDA)
    message(STATUS "prefopt::cuda: left out, ${reason}")
  else()
    message(FATAL_ERROR "prefopt::cuda: PREFOPT_CUDA is ${PREFOPT_CUDA}, but ${reason}")
  endif()
endfunction()

if(NOT PREFOPT_CUDA)
  prefopt_no_cuda("PREFOPT_CUDA is ${PREFOPT_CUDA}")
  return()
endif()

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # 80 runs on all of 8.x; devices newer than 9.0 compile 90's PTX
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  prefopt_no_cuda("there is no CUDA compiler in PATH or CUDACXX")
  return()
endif()
enable_language(CUDA)
find_package(CUDAToolkit 12.0 QUIET)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.0)
  prefopt_no_cuda("the CUDA compiler is ${CMAKE_CUDA_COMPILER_VERSION}, expected 12.0")
  return()
endif()
if(NOT TARGET CUDA::cublasLt OR NOT TARGET CUDA::cudart_static)
  prefopt_no_cuda("the CUDA toolkit 12.0 or its cuBLASLt was not found")
  return()
endif()

add_library(prefopt_cuda STATIC cmake/compiled/cuda_backend_float.cu
                                cmake/compiled/cuda_backend_bfloat16.cu)
add_library(prefopt::cuda ALIAS prefopt_cuda)
set_target_properties(prefopt_cuda PROPERTIES EXPORT_NAME cuda POSITION_INDEPENDENT_CODE ON)
if(NOT PROJECT_IS_TOP_LEVEL)
  set_target_properties(prefopt_cuda PROPERTIES EXCLUDE_FROM_ALL ON)
endif()
target_link_libraries(prefopt_cuda PUBLIC prefopt PRIVATE prefopt_cuda_headers CUDA::cublasLt CUDA::cudart_static)
target_compile_options(prefopt_cuda PRIVATE
                       -Xcompiler=-Wall,-Wextra,-Wconversion,-Wshadow
                       $<$<BOOL:${PREFOPT_WERROR}>:-Werror=all-warnings;-Xcompiler=-Werror>)
