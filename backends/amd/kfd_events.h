// SPDX-License-Identifier: Apache-2.0
// What the compute driver tells of GPUs while they work: the ioctl AMDKFD_IOC_SMI_EVENTS on
// /dev/kfd gives a descriptor for each GPU, from which lines of text are read.
//
// What is held, and for how long
//   To open /dev/kfd makes a process one of KFD, on every GPU, until it ends: closing the node does
//   not undo that. While there is such a process the kernel refuses to divide a GPU anew
//   ("Device or resource busy"). So a child of ours opens it, sends the descriptors over and ends.
//   A descriptor of events still holds a reference to the driver's module: `modprobe -r amdgpu`
//   fails. So descriptors are held only while other processes use KFD, which hold the module
//   anyway, and are closed at the first look at which there is none (see Watch). Option
//   "kfd-events" says otherwise.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu::amd {

struct KfdEvent {
  enum class Kind { kFault, kThrottle, kPreReset, kPostReset, kHang, kDropped };
  Kind kind = Kind::kFault;
  std::string text;  // what comes after the number, in a person's words; "" for nothing
};

// One line, without its end; nullopt for what is none of these.
std::optional<KfdEvent> parse_kfd_event(std::string_view line);

class KfdListener {
 public:
  KfdListener() = default;
  ~KfdListener() { close(); }
  KfdListener(const KfdListener&) = delete;
  KfdListener& operator=(const KfdListener&) = delete;

  // Asks for the events of GPUs by their number in the topology (gpu_id), through the node at
  // `path`; the descriptors come later. What has to be read is readable through `epoll`. Throws
  // std::runtime_error.
  void open(const std::string& path, const std::vector<std::uint32_t>& gpus, int epoll);
  // Takes everything back; a child that still opens is ended.
  void close();
  bool is_open() const { return answers_ >= 0 || !sources_.empty(); }

  struct Got {
    std::uint32_t gpu = 0;
    KfdEvent event;
  };
  struct Read {
    std::vector<Got> events;
    std::vector<std::string> problems;  // why GPUs have no events
  };
  // What is there, without waiting.
  Read read();

 private:
  struct Source {
    std::uint32_t gpu = 0;
    std::string left;  // the beginning of a line
  };
  void take_answers(Read& out);
  bool take_events(int fd, Source& source, Read& out);
  void reap();

  int epoll_ = -1, answers_ = -1;
  std::vector<pid_t> children_;  // not waited for yet
  std::string path_;
  std::map<int, Source> sources_;  // by descriptor
};

}  // namespace xpu::amd
