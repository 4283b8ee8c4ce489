// SPDX-License-Identifier: Apache-2.0
// [doctor] of a manifest: what `xpu-runtime doctor` has to know of a vendor's driver. Read by that
// command and by `backends verify` alone; a container start skips these tables.
//
//   [[doctor.nodes]]                     # device nodes that must be there
//   path = "${dev-root}/dev/acmectl"
//   if-exists = "${sys-root}/proc/acme"  # optional: it is missed only where this exists
//   needed-for = "display"               # optional: all that does not work without it
//   remedy = "acme-modprobe -c 255"      # the command that mends it, in every table
//
//   [[doctor.services]]                  # daemons, by a path that they make
//   path = "${driver-root}/run/acmed/socket"
//   if-exists = "${driver-root}/usr/bin/acmed"
//   why = "without it the first start waits until the device is awake"
//   remedy = "systemctl enable --now acmed"
//
//   [[doctor.versions]]                  # what runs and what is installed must be of one version
//   running = "${sys-root}/proc/acme/version"   # the first word of numbers with dots between them
//   installed = ["${driver-root}/usr/lib/*/libacme.so.*"]  # files whose names end in a version
//   remedy = "modprobe -r acme && modprobe acme"
//
//   [[doctor.libraries]]                 # what proves that a capability is whole
//   capability = "graphics"
//   what = "Vulkan"
//   all = ["libacme_gl.so.0", "*/vulkan/icd.d/acme*.json"]  # SONAMEs, or patterns of paths; "a|b":
//                                        # one of them is enough
//   remedy = "apt-get install acme-vulkan"
//
//   [[doctor.cdi]]                       # CDI files that another tool writes
//   kind = "acme.com/gpu"
//   remedy = "acme-ctk cdi generate --output=${file}"
//
//   [[doctor.docker-gpus]]               # without one of these, docker refuses --gpus by itself
//   programs = ["acme-container-runtime-hook"]
//
//   [[doctor.sharing]]                   # a daemon through which processes share all devices
//   program = "acme-share-control"
//   why = "programs that reach it share every device, and one that fails takes the others with it"
//   remedy = "acme-share-control stop"
//
//   [[doctor.checkpoint]]                # what has to be there to checkpoint containers
//   plugins = ["/usr/lib/criu/acme.so"]  # patterns of files; one of them is enough
//   programs = ["acme-checkpoint"]       # optional; all of them
//   remedy = "apt-get install acme-criu"
//
//   [[doctor.preloads]]                  # what is loaded into programs to count what they take
//   name = "libacme_quota.so"            # the library
//   why = "it counts memory in the programs themselves"
//   remedy = "XPU_SHARING=exclusive for containers that must have all"
//
//   [[doctor.hook-files]]                # files of the host that hooks of CDI files are told of
//   option = "--ldconfig-path"           # the argument behind it is the file, perhaps with an '@'
//   remedy = "acme-ctk cdi generate"
#pragma once

#include <string>
#include <vector>

#include "core/plugin/manifest.h"

namespace xpu {

// Options are substituted in all paths.
struct DoctorHints {
  struct Node {
    std::string path, if_exists, needed_for, remedy;
  };
  struct Service {
    std::string path, if_exists, why, remedy;
  };
  struct Version {
    std::string running;
    std::vector<std::string> installed;  // patterns
    std::string remedy;
  };
  struct Library {
    std::string capability, what;
    std::vector<std::string> all;  // each one or several separated by '|'
    std::string remedy;
  };
  struct Cdi {
    std::string kind, remedy;
  };
  struct Sharing {
    std::string program, why, remedy;
  };
  struct Checkpoint {
    std::vector<std::string> plugins, programs;
    std::string remedy;
  };
  struct Preload {
    std::string library, why, remedy;
  };
  struct HookFile {
    std::string option, remedy;
  };

  std::vector<Node> nodes;
  std::vector<Service> services;
  std::vector<Version> versions;
  std::vector<Library> libraries;
  std::vector<Cdi> cdi;
  std::vector<std::string> docker_gpus;  // programs
  std::vector<Sharing> sharing;
  std::vector<Checkpoint> checkpoint;
  std::vector<Preload> preloads;
  std::vector<HookFile> hook_files;
};

// Of a manifest that was read and not refused: its file is read again. Throws Error with file and
// line: unknown keys, missing ones, wrong types, options that are not declared.
DoctorHints read_doctor_hints(const Manifest& manifest);
// The same of a text; `manifest` for its file and its options.
DoctorHints parse_doctor_hints(const std::string& text, const Manifest& manifest);

}  // namespace xpu
