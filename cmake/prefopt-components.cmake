# The components and their dependencies. Read by the build, and by the installed package, which has it next to its
# config file.

set(prefopt_components chat compiled cuda datasets eigen formats hub io pretrained runs tokenizers xtensor)

# Name of a dependency for readers = the target that it provides.
set(prefopt_cuda_needs "CUDA toolkit 12.0=CUDA::cublasLt")
set(prefopt_eigen_needs "Eigen 3.4=Eigen3::Eigen")
set(prefopt_io_needs "nlohmann_json 3.11=nlohmann_json::nlohmann_json" "zlib=ZLIB::ZLIB")
set(prefopt_runs_needs "xxHash (libxxhash, through pkg-config)=PkgConfig::PREFOPT_XXHASH")
set(prefopt_tokenizers_needs "PCRE2 (libpcre2-8, through pkg-config)=PkgConfig::PREFOPT_PCRE2"
    "utf8proc (libutf8proc, through pkg-config)=PkgConfig::PREFOPT_UTF8PROC")
set(prefopt_xtensor_needs "xtensor=xtensor")

# Components that a component depends on, in addition to prefopt::prefopt, lowest first.
set(prefopt_formats_components io)
set(prefopt_tokenizers_components io)
set(prefopt_chat_components io)
set(prefopt_datasets_components io)
set(prefopt_runs_components io formats)
set(prefopt_hub_components io formats tokenizers)
set(prefopt_pretrained_components io formats tokenizers chat datasets runs hub eigen)
set(prefopt_compiled_components ${prefopt_pretrained_components} pretrained)

# Former names, so that find_package can name the new ones.
set(prefopt_formerly_files io)
set(prefopt_formerly_text tokenizers)

# prefopt_check_compiler(PROBLEM): the problem with the C++ compiler, or nothing. The oldest supported ones are in
# version.hpp.
function(prefopt_check_compiler problem)
  set(${problem} "" PARENT_SCOPE)
  set(oldest)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(oldest ${prefopt_oldest_GCC})
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(oldest ${prefopt_oldest_CLANG})
  endif()
  if(oldest AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS oldest AND NOT CMAKE_CXX_FLAGS MATCHES "PREFOPT_ANY_COMPILER")
    set(${problem} "it needs g++ ${prefopt_oldest_GCC} or clang ${prefopt_oldest_CLANG} or later, and ${CMAKE_CXX_COMPILER} \
is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} (-DCMAKE_CXX_FLAGS=-DPREFOPT_ANY_COMPILER tries it)" PARENT_SCOPE)
  endif()
endfunction()

# A library with a .pc file and no CMake package, as PkgConfig::PREFOPT_<NAME>.
function(prefopt_find_module name module)
  if(TARGET PkgConfig::PREFOPT_${name})
    return()
  endif()
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(PREFOPT_${name} QUIET IMPORTED_TARGET GLOBAL ${module})
  endif()
endfunction()

# prefopt_find_component(COMPONENT MISSING) finds the dependencies of COMPONENT and of the components below it. MISSING
# receives the names of those that were not found. It is a function so that the packages' variables do not leak to its
# caller.
function(prefopt_find_component component missing_result)
  if(component STREQUAL "cuda")
    find_package(CUDAToolkit 12.0 QUIET)
  elseif(component STREQUAL "eigen")
    find_package(Eigen3 3.4 QUIET)
    find_package(OpenMP QUIET COMPONENTS CXX)  # threads; without it the same code runs on one thread
  elseif(component STREQUAL "io")
    find_package(nlohmann_json 3.11 QUIET)
    find_package(ZLIB QUIET)
  elseif(component STREQUAL "runs")
    prefopt_find_module(XXHASH libxxhash)
  elseif(component STREQUAL "tokenizers")
    prefopt_find_module(PCRE2 libpcre2-8)
    prefopt_find_module(UTF8PROC libutf8proc)
  elseif(component STREQUAL "xtensor")
    find_package(xtensor QUIET)
  endif()
  set(missing)
  foreach(need IN LISTS prefopt_${component}_needs)
    string(REGEX MATCH "^([^=]+)=(.+)$" _ "${need}")
    if(NOT TARGET ${CMAKE_MATCH_2})
      list(APPEND missing "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  foreach(below IN LISTS prefopt_${component}_components)
    prefopt_find_component(${below} missing_below)
    list(APPEND missing ${missing_below})
  endforeach()
  list(REMOVE_DUPLICATES missing)
  set(${missing_result} "${missing}" PARENT_SCOPE)
endfunction()
