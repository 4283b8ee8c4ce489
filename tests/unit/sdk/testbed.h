// SPDX-License-Identifier: Apache-2.0
// Devices and uevents that are played: umockdev's testbed. It works by a preloaded library, so that
// a test runs itself anew with it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <umockdev.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

namespace xpu::sdk::test {

// Runs the current test of this program in a process of its own with the library preloaded; whether
// it passed.
inline bool passes_in_testbed() {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string filter =
      std::string("--gtest_filter=") + test->test_suite_name() + "." + test->name();
  const pid_t child = fork();
  if (child == 0) {
    setenv("XPU_IN_TESTBED", "1", 1);
    setenv("LD_PRELOAD", "libumockdev-preload.so.0", 1);
    // Sanitizers want to be the first library, and see what GLib keeps until its end.
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
    unsetenv("GTEST_OUTPUT");
    alarm(60);
    execl("/proc/self/exe", "test", filter.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// First line of a test that uses a Testbed.
#define XPU_IN_TESTBED()                                                                    \
  if (getenv("XPU_IN_TESTBED") == nullptr) {                                                \
    EXPECT_TRUE(::xpu::sdk::test::passes_in_testbed()) << "see above: it ran in a testbed"; \
    return;                                                                                 \
  }

class Testbed {
 public:
  Testbed() : bed_(umockdev_testbed_new()) {}
  ~Testbed() { g_object_unref(bed_); }
  Testbed(const Testbed&) = delete;
  Testbed& operator=(const Testbed&) = delete;

  // The folder that plays "/".
  std::string root() const {
    gchar* path = umockdev_testbed_get_root_dir(bed_);
    const std::string out = path;
    g_free(path);
    return out;
  }

  // A device, with an event "add"; its path below "/sys". `name` may be "0000:03:00.0" or, with a
  // parent, "drm/card0".
  std::string add(const std::string& subsystem, const std::string& name, const std::string& parent,
                  const std::map<std::string, std::string>& attributes,
                  const std::map<std::string, std::string>& properties) {
    const auto list = [](const std::map<std::string, std::string>& from) {
      std::vector<gchar*> out;
      for (const auto& [key, value] : from) {
        out.push_back(const_cast<gchar*>(key.c_str()));
        out.push_back(const_cast<gchar*>(value.c_str()));
      }
      out.push_back(nullptr);
      return out;
    };
    auto with = list(attributes), and_with = list(properties);
    gchar* path = umockdev_testbed_add_devicev(bed_, subsystem.c_str(), name.c_str(),
                                               parent.empty() ? nullptr : parent.c_str(),
                                               with.data(), and_with.data());
    EXPECT_NE(path, nullptr) << name;
    const std::string out = path == nullptr ? "" : path;
    g_free(path);
    return out;
  }

  void attribute(const std::string& device, const std::string& name, const std::string& value) {
    umockdev_testbed_set_attribute(bed_, device.c_str(), name.c_str(), value.c_str());
  }
  void link(const std::string& device, const std::string& name, const std::string& target) {
    umockdev_testbed_set_attribute_link(bed_, device.c_str(), name.c_str(), target.c_str());
  }

  // An event of the device with properties that only this event has.
  void event(const std::string& device, const std::string& action,
             const std::map<std::string, std::string>& properties = {}) {
    const std::string file = root() + device + "/uevent";
    const std::string before = content(file);
    std::string text = before;
    for (const auto& [key, value] : properties) {
      text += key + "=" + value + "\n";
    }
    write(file, text);
    umockdev_testbed_uevent(bed_, device.c_str(), action.c_str());
    write(file, before);
  }

  // The event, and the device is gone before anybody can have read it.
  void remove(const std::string& device) {
    event(device, "remove");
    umockdev_testbed_remove_device(bed_, device.c_str());
  }

 private:
  static std::string content(const std::string& path) {
    std::string out;
    if (FILE* file = std::fopen(path.c_str(), "r")) {
      char block[4096];
      out.assign(block, std::fread(block, 1, sizeof block, file));
      std::fclose(file);
    }
    return out;
  }
  static void write(const std::string& path, const std::string& text) {
    FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr) << path;
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }

  UMockdevTestbed* bed_;
};

// Whether it becomes readable in time.
inline bool readable(int fd, int milliseconds) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, milliseconds) == 1;
}

}  // namespace xpu::sdk::test
