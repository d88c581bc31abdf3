// SPDX-License-Identifier: MIT
#pragma once
// The library's version, for `#if` and for programs that print it. CMakeLists.txt reads the numbers from here.

#define PREFOPT_VERSION_MAJOR 0
#define PREFOPT_VERSION_MINOR 1
#define PREFOPT_VERSION_PATCH 0
