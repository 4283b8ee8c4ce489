// SPDX-License-Identifier: Apache-2.0
// Boost.JSON, of which Debian has a library for Linux only.
#include <boost/json/src.hpp>
