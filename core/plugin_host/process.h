// SPDX-License-Identifier: Apache-2.0
// What keeps a backend's process in its bounds, and Linux and macOS do differently.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace xpu::process {

// This process gets `signal` when its parent ends. (macOS: it does not.)
void end_with_parent(int signal);

// Orphans below this process become its children, to be found by own_children(). (macOS: they do
// not; what leaves its process group there is out of reach.)
void adopt_orphans();
std::vector<pid_t> own_children();

// "SEGV"; "?" for a number without a name.
std::string signal_name(int number);

// The most that this process may have of a resource from now on; never more than before.
void limit(int resource, rlim_t value);

// Nothing of the caller's stays but the descriptors below `first`.
void forget_descriptors(int first);
void forget_environment();

char** environment();

int threads();  // of this process

}  // namespace xpu::process
