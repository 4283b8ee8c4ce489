// SPDX-License-Identifier: Apache-2.0
#include "core/oci/check_bundle.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/base/file.h"
#include "core/oci/check.h"

namespace xpu {

using check::Document;
using check::Findings;
using check::Host;
using check::Look;
using check::Place;
using check::quoted;
using check::Refuses;

namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

// The newest version of which low-level runtimes are known here.
constexpr unsigned kMajor = 1, kMinor = 3;

// Line and column from 1, as editors have them.
std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t last = before.rfind('\n');
  return cat("line ", std::count(before.begin(), before.end(), '\n') + 1, ", column ",
             last == before.npos ? before.size() + 1 : before.size() - last);
}

// "1.0.2-dev"; a 'v' before it is let pass.
bool is_version(std::string_view text, unsigned (&numbers)[3]) {
  if (text.starts_with('v')) {
    text.remove_prefix(1);
  }
  for (unsigned& number : numbers) {
    std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 6 || (digits > 1 && text[0] == '0')) {
      return false;
    }
    number = static_cast<unsigned>(std::stoul(std::string(text.substr(0, digits))));
    text.remove_prefix(digits);
    if (&number != &numbers[2]) {
      if (!text.starts_with('.')) {
        return false;
      }
      text.remove_prefix(1);
    }
  }
  return text.empty() || ((text[0] == '-' || text[0] == '+') && text.size() > 1);
}

void check_version(const Place& document, Findings& out) {
  const std::optional<Place> version = document.get("ociVersion");
  if (!version) {
    out.add(Refuses::kCrun, "ociVersion", "is missing");
    return;
  }
  const std::optional<std::string> text = version->text();
  unsigned numbers[3] = {};
  if (!text) {
    return;
  }
  if (!is_version(*text, numbers)) {
    out.add(Refuses::kCrun, "ociVersion", quoted(*text), " is no version such as \"1.0.2\"");
  } else if (numbers[0] != kMajor || numbers[1] > kMinor) {
    out.add(Refuses::kCrun, "ociVersion", quoted(*text), " is not a version from ", kMajor,
            ".0 to ", kMajor, ".", kMinor);
  } else if (numbers[1] > 0) {
    out.add_before({{}, {1, 9, 0}}, "ociVersion", quoted(*text), " is refused by crun before 1.9");
  }
}

bool is_root_of_host(const struct stat& status) {
  const Look host = check::look_at("/");
  return host.there && host.status.st_dev == status.st_dev && host.status.st_ino == status.st_ino;
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real == nullptr ? "" : real.get();
}

// A root that is relative is so to the folder that the bundle really is.
bool leads_through_link(const std::string& bundle, const std::string& path) {
  const std::string full =
      check::cleaned(path.front() == '/' ? path : cat(real_path(bundle), '/', path));
  const std::string real = real_path(full);
  return !real.empty() && real != full;
}

// The root file system; "" when it cannot be used.
std::string check_root(const Place& document, const Host& host, Findings& out) {
  const std::optional<Place> root = document.get("root");
  const std::string path = root ? root->text("path").value_or("") : "";
  const std::string place = root ? root->path_of("path") : "root";
  if (path.empty()) {
    out.add(Refuses::kBoth, place, "is missing or empty; the container needs a root file system");
    return "";
  }
  if (path.find('\0') != path.npos) {
    out.add(Refuses::kRunc, place, "holds a NUL character");
    return "";
  }
  if (!host.look) {
    return "";
  }
  const std::string full = path.front() == '/' ? path : cat(host.bundle, '/', path);
  const Look found = check::look_at(full);
  if (found.known && !found.there) {
    out.add(Refuses::kBoth, place, quoted(full), " does not exist on this host");
  } else if (found.there && !S_ISDIR(found.status.st_mode)) {
    out.add(Refuses::kBoth, place, quoted(full), " is not a folder");
  } else if (found.there && leads_through_link(host.bundle, path)) {
    out.add(Refuses::kRunc, place, quoted(full), " leads through a symbolic link");
    return full;
  } else if (found.there && is_root_of_host(found.status)) {
    out.add(Refuses::kBoth, place, "the host's own root file system cannot be a container's");
  } else if (found.there) {
    return full;
  }
  return "";
}

void check_annotations(const Place& document, Findings& out) {
  for (const auto& [key, value] : document.entries("annotations")) {
    if (key.empty()) {
      out.add(Refuses::kNobody, value.path(), "the specification forbids an empty key");
    }
  }
}

void check_all(const Document& text, const Host& wanted, Findings& out) {
  const Place document(text);
  Host host = wanted;
  check::check_shape(document, out);
  check_version(document, out);
  host.root = check_root(document, host, out);
  const check::Files files(document, host);
  check::check_process(document, host, files, out);
  check::check_mounts(document, host, out);
  check::check_hooks(document, host, files, out);
  check::check_linux(document, host, out);
  check_annotations(document, out);
}

// What is not JSON is not judged further.
bool is_readable(std::string_view text, Findings& out) {
  const std::optional<json::Mistake> mistake = json::mistake_in(text);
  if (mistake) {
    out.add(Refuses::kBoth, line_and_column(text, mistake->offset), mistake->text);
  }
  return !mistake;
}

// Go's decoder takes a key however its letters are written, crun's does not.
bool any_case(Taker taker) {
  return taker != Taker::kCrun;
}

// What the start adds is its own business as long as it can be started.
std::vector<Finding> of_people(std::vector<Finding> findings, const Document& document) {
  std::erase_if(findings, [&](const Finding& finding) {
    return finding.severity != Severity::kError && document.is_added(finding.place);
  });
  for (Finding& finding : findings) {
    finding.text += document.is_added(finding.place) ? " (the start itself adds it)" : "";
  }
  return findings;
}

}  // namespace

std::optional<TakerVersion> taker_version(std::string_view text) {
  const std::size_t at = text.find("version ");
  const std::string_view rest = at == text.npos ? "" : text.substr(at + 8);
  TakerVersion out = {};
  std::size_t part = 0;
  for (std::size_t i = 0; i < rest.size() && part < out.size(); ++i) {
    if (rest[i] >= '0' && rest[i] <= '9' && out[part] < 100000) {
      out[part] = out[part] * 10 + static_cast<unsigned>(rest[i] - '0');
    } else if (rest[i] == '.' && i > 0) {
      ++part;
    } else {
      break;
    }
  }
  return out == TakerVersion{} ? std::nullopt : std::optional(out);
}

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      break;
  }
  return "note";
}

std::vector<Finding> check_document(std::string_view text, const BundleTaker& taker) {
  Findings out(taker);
  if (is_readable(text, out)) {
    check_all(Document(text, any_case(taker.taker)), {false, "", "", ""}, out);
  }
  return out.take();
}

std::vector<Finding> check_bundle(const std::string& bundle, const BundleTaker& taker) {
  Findings out(taker);
  const std::string folder = absolute_path(bundle), file = cat(folder, "/config.json");
  const Look found = check::look_at(folder), config = check::look_at(file);
  if (!found.there || !S_ISDIR(found.status.st_mode)) {
    out.add(Refuses::kBoth, "", quoted(folder),
            found.there ? " is not a folder" : " does not exist",
            "; a bundle is a folder with config.json");
  } else if (!config.there) {
    out.add(Refuses::kBoth, "",
            config.known ? cat(quoted(folder), " has no config.json")
                         : cat(quoted(file), ": ", std::strerror(errno)));
  } else if (!S_ISREG(config.status.st_mode)) {
    out.add(Refuses::kBoth, "", quoted(file), " is not a regular file");
  } else {
    try {
      const std::string text = read_file(file, kMaxBytes);
      if (is_readable(text, out)) {
        check_all(Document(text, any_case(taker.taker)), {true, folder, "", ""}, out);
      }
    } catch (const Error& error) {
      out.add(Refuses::kBoth, "", error.what());
    }
  }
  return out.take();
}

std::vector<Finding> check_bundle(const std::string& bundle, const StartEdit& edit,
                                  const BundleTaker& taker) {
  Findings out(taker);
  const std::string text = json::apply(edit.before, edit.splices);
  const Document document(text, any_case(taker.taker), edit.before, edit.splices);
  check_all(document, {true, absolute_path(bundle), "", edit.coming, edit.written}, out);
  return of_people(out.take(), document);
}

}  // namespace xpu
