# What tests, benches and examples are built with; never seen by consumers.

add_library(prefopt_own_options INTERFACE)
target_compile_options(prefopt_own_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                                     $<$<BOOL:${PREFOPT_WERROR}>:-Werror>
                                                     $<$<BOOL:${PREFOPT_NATIVE}>:-march=native>)
