// SPDX-License-Identifier: Apache-2.0
// What images ask of the driver, by their environment: those that docker has, and files that
// `doctor --image` names.
#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/doctor/checks.h"
#include "core/doctor/images.h"
#include "core/doctor/registrations.h"
#include "core/request/switches.h"
#include "core/require/require.h"

namespace xpu::doctor {
namespace {

namespace bj = boost::json;

constexpr std::size_t kImageBytes = std::size_t{16} << 20;

const bj::value* member(const bj::value* value, std::string_view key) {
  const bj::object* const object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

// The environment in an image's configuration ("config", or "Env" itself), in what engines print
// ("Config"), or in a container's specification ("process"); nullopt in what is none of these. An
// image may have none.
std::optional<std::vector<std::string>> environment_in(const bj::value& document) {
  const bj::value* list = member(&document, "Env");
  bool known = list != nullptr;
  for (const auto& [holder, key] :
       {std::pair{"config", "Env"}, std::pair{"Config", "Env"}, std::pair{"process", "env"}}) {
    const bj::value* const inside = member(&document, holder);
    known |= inside != nullptr;
    list = list == nullptr ? member(inside, key) : list;
  }
  std::vector<std::string> out;
  for (const bj::value& item :
       list != nullptr && list->is_array() ? list->get_array() : bj::array()) {
    if (item.is_string()) {
      out.emplace_back(item.get_string());
    }
  }
  return known ? std::optional(out) : std::nullopt;
}

std::vector<std::string> lines_of(const std::string& text, const std::string& file) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) {
      continue;
    }
    if (line.find('=') == line.npos) {
      fail(file, ": neither JSON nor lines of NAME=VALUE: '", line.substr(0, 64),
           "'; docker image inspect IMAGE > FILE writes what is expected");
    }
    out.push_back(std::move(line));
  }
  return out;
}

// What the environment asks of this backend that none of its devices has; "" for nothing.
std::string lacking(const Backend& backend, const std::vector<std::string>& env,
                    std::size_t* asked) {
  const Catalog& catalog = backend.status.catalog;
  std::string first;
  for (const RequirementRequest& request :
       requirements_in(Environment(env), backend.status.found.manifest)) {
    if (!request.disabled_by.empty()) {
      continue;
    }
    ++*asked;
    const Requirement requirement = parse_requirement(request.text, request.variable);
    bool met = false;
    for (const Device& device : catalog.devices) {
      const std::string problem = device.available ? unmet(requirement, device, catalog) : "";
      met |= device.available && problem.empty();
      first = first.empty() && !problem.empty() ? problem : first;
    }
    if (!met && !first.empty()) {
      return cat(request.variable, ": ", first);
    }
    first.clear();
  }
  return "";
}

// Names that docker's users gave to images, by their ids.
std::map<std::string, std::string> docker_names(const Host& host, const std::string& store) {
  std::map<std::string, std::string> out;
  bj::error_code error;
  const bj::value document = bj::parse(host.line(cat(store, "/repositories.json")), error);
  const bj::value* const repositories = error ? nullptr : member(&document, "Repositories");
  if (repositories == nullptr || !repositories->is_object()) {
    return out;
  }
  for (const bj::key_value_pair& repository : repositories->get_object()) {
    if (const bj::object* const tags = repository.value().if_object()) {
      for (const bj::key_value_pair& tag : *tags) {
        if (tag.value().is_string()) {
          out.emplace(tag.value().get_string(), tag.key());
        }
      }
    }
  }
  return out;
}

class Images {
 public:
  explicit Images(const Host& host) : host_(host) {}

  void look(const std::string& name, const std::vector<std::string>& env, State state) {
    ++images_;
    for (const Backend& backend : host_.backends) {
      if (backend.status.state != BackendState::kReady) {
        continue;
      }
      std::string problem;
      try {
        problem = lacking(backend, env, &asked_);
      } catch (const Error& error) {
        problem = error.what();
      }
      if (!problem.empty()) {
        findings_.push_back({state, cat(name, " asks for more than the host has: ", problem),
                             remedy(backend.status.found.manifest)});
      }
    }
  }

  Findings findings() {
    if (findings_.empty()) {
      findings_.push_back(images_ == 0
                              ? skipped("no image of docker here, and none by --image")
                              : pass(cat(images_, images_ == 1 ? " image, " : " images, ", asked_,
                                         asked_ == 1 ? " requirement" : " requirements")));
    }
    return std::move(findings_);
  }

 private:
  static std::string remedy(const Manifest& manifest) {
    const std::vector<std::string>& disable = manifest.requirements.disable;
    return cat(
        "install a newer driver or an older image",
        disable.empty() ? "" : cat("; -e ", disable.front(), "=true starts it all the same"));
  }

  const Host& host_;
  Findings findings_;
  std::size_t images_ = 0, asked_ = 0;
};

}  // namespace

std::vector<Image> read_images(const std::string& file) {
  const std::string text = read_file(file, kImageBytes);
  bj::error_code error;
  const bj::value document = bj::parse(text, error);
  if (error) {
    return {{file, lines_of(text, file)}};
  }
  const bj::array* const list = document.if_array();
  const bj::array all = list == nullptr ? bj::array{document} : *list;
  std::vector<Image> out;
  for (const bj::value& item : all) {
    std::optional<std::vector<std::string>> env = environment_in(item);
    const std::string name = all.size() == 1 ? file : cat(file, '[', out.size(), ']');
    if (!env) {
      fail(name,
           ": no image's configuration, which has Env, config or Config; docker image "
           "inspect IMAGE > FILE writes one");
    }
    out.push_back({name, std::move(*env)});
  }
  if (out.empty()) {
    fail(file, ": an empty list; docker image inspect IMAGE > FILE writes what is expected");
  }
  return out;
}

Findings check_image_requirements(const Host& host) {
  Images images(host);
  for (const Image& image : host.images) {
    images.look(image.name, image.env, State::kFailure);
  }
  if (host.config.disable_require) {
    return host.images.empty() ? Findings{skipped("disable-require is set")} : images.findings();
  }
  // One for each storage driver that was in use.
  for (const std::string& store : host.glob(docker_data_root(host) + "/image/*")) {
    const std::map<std::string, std::string> names = docker_names(host, store);
    const std::string folder = cat(store, "/imagedb/content/sha256");
    for (const std::string& id : host.list(folder)) {
      const auto name = names.find(cat("sha256:", id));
      bj::error_code error;
      const bj::value config = bj::parse(host.line(cat(folder, '/', id)), error);
      images.look(name == names.end() ? cat("the image ", id.substr(0, 12)) : name->second,
                  error ? std::vector<std::string>()
                        : environment_in(config).value_or(std::vector<std::string>()),
                  State::kWarning);
    }
  }
  return images.findings();
}

}  // namespace xpu::doctor
