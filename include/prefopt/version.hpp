// SPDX-License-Identifier: MIT
#pragma once
// The library's version, for `#if` and for programs that print it, and the compilers that it
// requires. CMakeLists.txt reads the numbers from here. Every header includes this one, directly or
// indirectly, so that an outdated compiler is reported first.

#define PREFOPT_VERSION_MAJOR 0
#define PREFOPT_VERSION_MINOR 2
#define PREFOPT_VERSION_PATCH 0

// The oldest compilers that build everything and pass every test. To try another one, define
// PREFOPT_ANY_COMPILER.
#define PREFOPT_OLDEST_GCC 12
#define PREFOPT_OLDEST_CLANG 16

#if __cplusplus < 202002L
#error \
    "prefopt needs C++20: compile with -std=c++20 or later (CMake: target_compile_features(... cxx_std_20))"
#elif defined(PREFOPT_ANY_COMPILER)
#elif defined(__clang__)
#if __clang_major__ < PREFOPT_OLDEST_CLANG
#error "prefopt needs clang 16 or later (or g++ 12); -DPREFOPT_ANY_COMPILER tries this one"
#endif
#elif defined(__GNUC__)
#if __GNUC__ < PREFOPT_OLDEST_GCC
#error "prefopt needs g++ 12 or later (or clang 16); -DPREFOPT_ANY_COMPILER tries this one"
#endif
#endif

// Marks the definitions in files detail/NAME_definitions.hpp: inline, unless the program links
// prefopt::compiled, which contains them.
#ifdef PREFOPT_COMPILED
#define PREFOPT_INLINE
#else
#define PREFOPT_INLINE inline
#endif
