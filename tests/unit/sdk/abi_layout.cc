// SPDX-License-Identifier: Apache-2.0
// The same assertions and the same backend as C++20.
#include "tests/unit/sdk/abi_layout.c"  // NOLINT
