// SPDX-License-Identifier: Apache-2.0
#include "tests/shim/host.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace xpu::test {
namespace {

namespace fs = std::filesystem;

void copy_program(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  fs::copy_file(from, to);
  fs::permissions(to, static_cast<fs::perms>(0755));
}

}  // namespace

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

Host::Host() {
  std::string pattern = "/tmp/xpu-shim-test.XXXXXX";
  dir = ::mkdtemp(pattern.data());
  prefix = dir / "prefix";
  bundle = dir / "bundle";
  runtime = dir / "low-level";
  state = dir / "state";
  environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "XDG_CONFIG_HOME=" + (dir / "etc").string()};
  copy_program(XPU_SHIM, prefix / "bin/xpu-container-runtime");
  copy_program(XPU_TOOL, prefix / "bin/xpu-runtime");
  copy_program(XPU_HOST, prefix / "libexec/xpu/xpu-backend-host");
  copy_program(XPU_SIM_LIBRARY, prefix / "lib/xpu/backends/libxpu-sim.so");
  fs::copy_file(XPU_SIM_MANIFEST, prefix / "lib/xpu/backends/sim.toml");
  write(prefix / "share/xpu/known-variables.toml", read(XPU_KNOWN_VARIABLES));
  write(prefix / "share/xpu/migrations.toml", read(XPU_MIGRATIONS));
  copy_program(XPU_RECORDER, runtime);
  write_hardware();
  write_config();
  fs::create_directories(bundle / "rootfs");
  write_bundle({});
}

Host::~Host() {
  std::error_code ignored;
  fs::remove_all(dir, ignored);
}

void Host::write_hardware(const std::string& extra) {
  std::string text = "capabilities = [\"compute\", \"utility\", \"graphics\"]\n";
  fs::create_directories(dir / "dev");
  for (int i = 0; i < 2; ++i) {
    const std::string number = std::to_string(i);
    const fs::path node = dir / "dev" / ("acme" + number);
    if (!fs::exists(node) &&
        ::mknod(node.c_str(), S_IFCHR | 0660, makedev(10, static_cast<unsigned>(i) + 236)) != 0) {
      throw std::runtime_error("mknod " + node.string());
    }
    write(dir / "drivers" / ("libacme" + number + ".so.1"), "library " + number);
    text += "[[devices]]\nvendor = \"acme\"\nindex = \"" + number + "\"\nname = \"Acme A" + number +
            "\"\nuuid = \"ACME-" + number + "\"\nmemory = \"24GiB\"\narchitecture = \"a1\"\n" +
            "driver = \"1.2.3\"\nnodes = [{ host = \"" + node.string() +
            "\", container = \"/dev/acme" + number + "\" }]\n";
  }
  text += "[[files]]\nkind = \"library\"\nhost = \"" + (dir / "drivers/libacme0.so.1").string() +
          "\"\nsoname = \"libacme.so.1\"\ncapability = \"compute\"\n";
  text += "[[files]]\nkind = \"library\"\nhost = \"" + (dir / "drivers/libacme1.so.1").string() +
          "\"\nsoname = \"libacme-gl.so.1\"\ncapability = \"graphics\"\n";
  text += "[[env]]\nname = \"ACME_READY\"\nvalue = \"1\"\n";
  write(dir / "hardware.toml", text + extra);
}

void Host::write_config(const std::string& extra_runtime_keys, const std::string& tail) {
  write(dir / "etc/xpu-container-runtime/config.toml",
        "[xpu-container-runtime]\nruntime-path = \"" + runtime.string() + "\"\n" +
            extra_runtime_keys + "[state]\ndirectory = \"" + state.string() +
            "\"\n[cost]\ndirectory = \"" + (dir / "usage").string() +
            "\"\n[policy]\naudit-log = \"" + (dir / "audit.log").string() +
            "\"\n[backends.sim]\nenabled = true\nhardware = \"" + (dir / "hardware.toml").string() +
            "\"\n" + tail);
}

void Host::write_bundle(const std::vector<std::string>& env) {
  std::string list = "\"PATH=/bin\"";
  for (const std::string& variable : env) {
    list += ", \"" + variable + "\"";
  }
  fs::remove(bundle / "config.json.xpu-undo");
  write(bundle / "config.json",
        "{\n  \"ociVersion\": \"1.0.2\",\n  \"process\": {\"args\": [\"/bin/true\"], \"env\": [" +
            list +
            "], \"cwd\": \"/\"},\n  \"root\": {\"path\": \"rootfs\"},\n"
            "  \"mounts\": [{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": "
            "\"proc\"}],\n"
            "  \"linux\": {\"resources\": {\"devices\": [{\"allow\": false, \"access\": "
            "\"rwm\"}]}},\n"
            "  \"unknown\": 1.50e1\n}\n");
}

std::string Host::config_json() const {
  return read(bundle / "config.json");
}

Result Host::run(const fs::path& program, const std::vector<std::string>& args,
                 const std::string& cwd) const {
  const fs::path out = dir / "stdout", err = dir / "stderr";
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (const std::string& arg : args) {
      argv.push_back(const_cast<char*>(arg.c_str()));
    }
    argv.push_back(nullptr);
    std::vector<char*> env;
    for (const std::string& variable : environment) {
      env.push_back(const_cast<char*>(variable.c_str()));
    }
    env.push_back(nullptr);
    ::dup2(::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600), 1);
    ::dup2(::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600), 2);
    if (!cwd.empty() && ::chdir(cwd.c_str()) != 0) {
      ::_exit(126);
    }
    for (const int number : ignored_signals) {
      ::signal(number, SIG_IGN);
    }
    ::execve(program.c_str(), argv.data(), env.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read(out), read(err)};
}

Result Host::shim(const std::vector<std::string>& args, const std::string& cwd) const {
  forget_seen();
  return run(prefix / "bin/xpu-container-runtime", args, cwd);
}

Result Host::tool(const std::vector<std::string>& args) const {
  return run(prefix / "bin/xpu-runtime", args, "");
}

std::vector<std::string> Host::seen() const {
  std::vector<std::string> lines;
  std::ifstream in(runtime.string() + ".seen");
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

void Host::forget_seen() const {
  std::error_code ignored;
  fs::remove(runtime.string() + ".seen", ignored);
}

}  // namespace xpu::test
