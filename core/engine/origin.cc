// SPDX-License-Identifier: Apache-2.0
#include "core/engine/origin.h"

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/engine/files.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxText = 1024;
// The part of a bundle's path before the containerd namespace.
constexpr std::string_view kTasks = "/io.containerd.runtime.v2.task/";

class Annotations {
 public:
  explicit Annotations(const Spec& spec) : spec_(spec) {}

  // Of the first of these that is there and not empty.
  std::string operator()(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
      const auto found = std::find_if(spec_.annotations.begin(), spec_.annotations.end(),
                                      [&](const auto& item) { return item.first == name; });
      if (found != spec_.annotations.end() && !found->second.empty()) {
        return found->second;
      }
    }
    return "";
  }

 private:
  const Spec& spec_;
};

// "moby" of ".../io.containerd.runtime.v2.task/moby/ID"; "" for another path.
std::string containerd_namespace(const std::string& bundle) {
  const std::size_t at = bundle.rfind(kTasks);
  if (at == std::string::npos) {
    return "";
  }
  const std::size_t begin = at + kTasks.size();
  return bundle.substr(begin, bundle.find('/', begin) - begin);
}

bool is_docker(const std::string& bundle, const std::string& runtime_root) {
  const std::vector<std::string_view> parts = path_parts(runtime_root);
  return containerd_namespace(bundle) == "moby" ||
         (parts.size() >= 2 && parts.back() == "moby" &&
          parts[parts.size() - 2].starts_with("runtime-"));
}

// A pod's container. CRI-O's own names come after those of Kubernetes, which people know.
Origin of_pod(const Annotations& value, const char* engine) {
  Origin out;
  out.engine = engine;
  out.name = value({"io.kubernetes.cri.container-name", "io.kubernetes.container.name",
                    "io.kubernetes.cri-o.ContainerName", "io.kubernetes.cri-o.Name"});
  out.image = value({"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName",
                     "io.kubernetes.cri-o.Image"});
  out.pod = value(
      {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name", "io.kubernetes.cri-o.KubeName"});
  out.pod_namespace = value({"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace",
                             "io.kubernetes.cri-o.Namespace"});
  return out;
}

// Of the job that this process is part of; jobs and steps are numbers.
Origin of_slurm(const char* job) {
  const auto number = [](const char* text) {
    const std::string_view view = text == nullptr ? "" : text;
    return !view.empty() && view.find_first_not_of("0123456789") == std::string_view::npos;
  };
  Origin out;
  if (!number(job)) {
    return out;
  }
  out.engine = "slurm";
  const char* const step = std::getenv("SLURM_STEP_ID");
  out.name = number(step) ? cat(job, '.', step) : job;
  return out;
}

enum class Engine { kDocker, kPodman, kCriO, kKubernetes, kContainerd, kOther };

Engine engine_of(const Annotations& value, const std::string& bundle,
                 const std::string& runtime_root) {
  const std::string manager = value({"io.container.manager"});
  if (is_docker(bundle, runtime_root)) {
    return Engine::kDocker;
  }
  if (manager == "cri-o") {
    return Engine::kCriO;
  }
  if (manager == "libpod" || bundle.ends_with("/userdata")) {
    return Engine::kPodman;
  }
  if (!value({"io.kubernetes.cri.container-type"}).empty()) {
    return Engine::kKubernetes;
  }
  return containerd_namespace(bundle).empty() ? Engine::kOther : Engine::kContainerd;
}

// The engine keeps its files as it likes: those that cannot be read leave names empty.
template <class Ask>
Origin of_files(const char* engine, Ask ask) {
  Origin out;
  try {
    ask(out);
  } catch (const Error&) {
    out = {};
  }
  out.engine = engine;
  return out;
}

Origin found_out(const Spec& spec, const std::string& bundle, const std::string& runtime_root,
                 const std::string& id, Labels* labels) {
  const Annotations value(spec);
  switch (engine_of(value, bundle, runtime_root)) {
    case Engine::kDocker:
      return of_files("docker", [&](Origin& out) {
        engine_files::ask_docker(spec.root_path, id, out, labels);
      });
    case Engine::kPodman:
      return of_files("podman", [&](Origin& out) { engine_files::ask_podman(bundle, id, out); });
    case Engine::kCriO:
      return of_pod(value, "cri-o");
    case Engine::kKubernetes:
      return of_pod(value, "kubernetes");
    case Engine::kContainerd: {
      Origin out;
      out.engine = "containerd";
      out.name = value({"nerdctl/name"});
      return out;
    }
    case Engine::kOther:
      break;
  }
  return of_slurm(std::getenv("SLURM_JOB_ID"));
}

// Whether a character of UTF-8 that begins here moves a terminal's cursor or turns the direction of
// what follows: U+0080-009F, U+200E-200F, U+202A-202E, U+2066-2069.
bool is_invisible_control(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto between = [](int value, int first, int last) {
    return value >= first && value <= last;
  };
  if (byte(0) == 0xc2) {
    return between(byte(1), 0x80, 0x9f);
  }
  const int last = byte(2);
  return byte(0) == 0xe2 &&
         ((byte(1) == 0x80 && (between(last, 0x8e, 0x8f) || between(last, 0xaa, 0xae))) ||
          (byte(1) == 0x81 && between(last, 0xa6, 0xa9)));
}

// Names go to terminals and logs: a text that could do harm there is none.
void keep_printable(std::string& text) {
  bool bad = false;
  for (std::size_t i = 0; i < text.size() && !bad; ++i) {
    bad = static_cast<unsigned char>(text[i]) < ' ' || text[i] == '\x7f' ||
          is_invisible_control(std::string_view(text).substr(i));
  }
  if (bad || text.size() > kMaxText) {
    text.clear();
  }
}

}  // namespace

Origin origin_of(const Spec& spec, const std::string& bundle, const std::string& runtime_root,
                 const std::string& id, Labels* labels) {
  Origin out = found_out(spec, bundle, runtime_root, id, labels);
  for (std::string* const text :
       {&out.engine, &out.name, &out.image, &out.pod, &out.pod_namespace}) {
    keep_printable(*text);
  }
  return out;
}

}  // namespace xpu
