// SPDX-License-Identifier: Apache-2.0
// What the compute driver tells: its ioctl is answered by this program, and what it would write
// comes out of a pipe.
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/amd_live/live.h"
#if __has_include(<drm/drm.h>)
#include <linux/kfd_ioctl.h>
#define HAS_KFD_HEADER 1
#endif
#include "backends/amd/kfd_abi.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPci = "0000:03:00.0";
// As the fake machine names them: 4000 and the number of the node.
constexpr std::uint32_t kGpu = 4001, kOther = 4002;

class Kfd : public LiveMachine {
 protected:
  void SetUp() override {
    LiveMachine::SetUp();
    if (!IsSkipped()) {
      add(kPci);
      add("0000:04:00.0");
      outside::kfd_events_of(kGpu);
      outside::kfd_events_of(kOther);
    }
  }
  // A process that computes.
  void use(bool in_use) const {
    const std::string folder = tree_.at("/sys/devices/virtual/kfd/kfd/proc");
    in_use ? static_cast<void>(std::filesystem::create_directories(folder + "/4711"))
           : static_cast<void>(std::filesystem::remove_all(folder + "/4711"));
  }
  void start_listening(const std::map<std::string, std::string>& options = {}) {
    use(true);
    start(options);
    ASSERT_NE(asked(kGpu), 0u);
    ASSERT_NE(asked(kOther), 0u);
  }
  std::uint64_t asked(std::uint32_t gpu) {
    std::uint64_t mask = 0;
    live_->until([&] { return (mask = outside::asked_of(gpu)) != 0; });
    return mask;
  }
  void tell_kfd(const std::string& text, std::uint32_t gpu = kGpu) {
    ASSERT_EQ(::send(outside::kfd_events_of(gpu), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
  }
  std::vector<std::string> after(const std::string& text, std::uint32_t gpu = kGpu) {
    tell_kfd(text, gpu);
    live_->dispatch();
    return live_->events();
  }
  static std::size_t count_descriptors() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                      std::filesystem::directory_iterator()));
  }
};

TEST_F(Kfd, AResetBeginsAndEnds) {
  start_listening();
  EXPECT_THAT(after("3 1 RAS error\n"),
              ElementsAre("health failed 0000:03:00.0: the GPU at 0000:03:00.0: it is being reset: "
                          "RAS error"));
  EXPECT_THAT(after("4 1\n"),
              ElementsAre("health degraded 0000:03:00.0: the GPU at 0000:03:00.0: it was reset "
                          "once within an hour: RAS error"));
  EXPECT_THAT(after("3 1\n4 1\n", kOther),
              ElementsAre("health failed 0000:04:00.0: the GPU at 0000:04:00.0: it is being reset",
                          "health degraded 0000:04:00.0: the GPU at 0000:04:00.0: it was reset "
                          "once within an hour"));
}

// Many kernels give eight bytes at a time.
TEST_F(Kfd, LinesInPieces) {
  start_listening();
  EXPECT_THAT(after("3 1 job "), IsEmpty());
  EXPECT_THAT(after("hang\n4 "), ElementsAre(HasSubstr("it is being reset: job hang")));
  EXPECT_THAT(after("1\n"), ElementsAre(HasSubstr("it was reset once within an hour: job hang")));
}

TEST_F(Kfd, TooManyResets) {
  start_listening({{"many-resets", "2"}});
  EXPECT_THAT(after("3 1\n4 1\n3 2\n4 2\n"),
              ElementsAre("health failed 0000:03:00.0: the GPU at 0000:03:00.0: it is being reset",
                          "health degraded 0000:03:00.0: the GPU at 0000:03:00.0: it was reset "
                          "once within an hour",
                          "health failed 0000:03:00.0: the GPU at 0000:03:00.0: it is being reset",
                          "health failed 0000:03:00.0: the GPU at 0000:03:00.0: it was reset 2 "
                          "times within an hour"));
}

TEST_F(Kfd, OneResetOfTwoSources) {
  start_listening();
  after("3 1\n4 1\n");
  tell(card_of(kPci), "change", {{"WEDGED", "none"}});
  live_->dispatch();
  EXPECT_THAT(live_->events(), IsEmpty());
}

TEST_F(Kfd, HeatIsNoIllnessUnlessItIsWanted) {
  start_listening();
  EXPECT_THAT(after("2 20:1f\n"), IsEmpty());
}

TEST_F(Kfd, HeatWhereItIsWanted) {
  start_listening({{"health-throttled", "degraded"}});
  EXPECT_THAT(after("2 20:1f\n"),
              ElementsAre("health degraded 0000:03:00.0: the GPU at 0000:03:00.0: it was too hot "
                          "(throttlers 0x20)"));
}

TEST_F(Kfd, FaultsOfProgramsAreLogged) {
  start_listening();
  EXPECT_THAT(after("1 4d2:python3\n1 4d3:train me\n5 gfx_0.0.0\nrubbish\n5 12 -7 @1f(2) 1->2\n"),
              IsEmpty());
  EXPECT_THAT(live_->log(),
              ElementsAre("3 0000:03:00.0: a ring hangs: gfx_0.0.0",
                          "2 0000:03:00.0: 2 faults of access, the last by process 1235 (train "
                          "me)"));
}

TEST_F(Kfd, MessagesThatWereLost) {
  start_listening();
  EXPECT_THAT(after("e 12345 -1 7\n"),
              ElementsAre("lost : the compute driver's messages came faster than they were read"));
  EXPECT_THAT(after(std::string(5000, 'x')),
              ElementsAre("lost : the compute driver's messages came faster than they were read"));
  EXPECT_THAT(after("3 1\n"), ElementsAre(HasSubstr("health failed")));
}

// While somebody listens, the driver cannot be unloaded.
TEST_F(Kfd, NothingIsHeldWhereNobodyComputes) {
  start({{"look-seconds", "1"}});
  const std::size_t idle = count_descriptors();
  EXPECT_EQ(outside::asked_of(kGpu), 0u);
  use(true);
  ASSERT_NE(asked(kGpu), 0u);
  ASSERT_TRUE(live_->until([&] { return count_descriptors() == idle + 2; }));
  use(false);
  EXPECT_TRUE(live_->until([&] { return count_descriptors() == idle; }));
  EXPECT_THAT(live_->events(), IsEmpty());
}

TEST_F(Kfd, TheEndOfAResetIsWaitedForThoughItEndedEverybody) {
  start_listening({{"look-seconds", "1"}});
  after("3 1\n");
  use(false);
  for (int look = 0; look < 3; ++look) {
    live_->dispatch(400);
  }
  EXPECT_THAT(after("4 1\n"), ElementsAre(HasSubstr("health degraded")));
}

TEST_F(Kfd, AlwaysAndNever) {
  start({{"kfd-events", "always"}});
  EXPECT_NE(asked(kGpu), 0u);
  live_.reset();
  use(true);
  live_ = std::make_unique<Live>(tree_.path(),
                                 std::map<std::string, std::string>{{"kfd-events", "never"}});
  ASSERT_EQ(live_->start_watching(), XPU_OK);
  live_->dispatch();
  EXPECT_EQ(outside::asked_of(kGpu), 0u);
}

// Watching goes on with what there is, and says so once.
TEST_F(Kfd, ADriverThatDoesNotKnowTheIoctl) {
  outside::fail_ioctl(ENOTTY);
  use(true);
  start({{"look-seconds", "1"}});
  ASSERT_TRUE(live_->until([&] { return !live_->log().empty(); }));
  live_->dispatch(1200);
  EXPECT_THAT(live_->log(),
              ElementsAre("3 no events of GPU 4001 from " + tree_.path() +
                          "/dev/kfd: Inappropriate ioctl for device; resets are known by uevents "
                          "only"));
  EXPECT_THAT(live_->events(), IsEmpty());
}

TEST_F(Kfd, ANodeThatCannotBeOpened) {
  use(true);
  machine_.numbers.clear();  // KFD's own number, which nothing here has
  start();
  ASSERT_TRUE(live_->until([&] { return !live_->log().empty(); }));
  EXPECT_THAT(live_->log().at(0), HasSubstr("/dev/kfd: No such device or address"));
}

// The kernel would not divide a GPU while we are a process of KFD.
TEST_F(Kfd, ThisProcessNeverOpensTheNode) {
  start_listening();
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    EXPECT_NE(std::filesystem::read_symlink(entry.path(), gone).string(), tree_.at("/dev/kfd"));
  }
  // Nor does a child of it stay.
  ASSERT_TRUE(live_->until([] { return waitpid(-1, nullptr, WNOHANG) < 0; }));
}

TEST_F(Kfd, ATopologyThatChangesIsListenedToAnew) {
  start_listening({{"look-seconds", "1"}});
  write("/sys/devices/virtual/kfd/kfd/topology/generation_id", "3\n");
  EXPECT_NE(asked(kGpu), 0u);
  EXPECT_THAT(live_->events(), ElementsAre("changed : the topology of the compute driver changed"));
  EXPECT_THAT(after("3 1\n"), ElementsAre(HasSubstr("health failed")));
}

TEST(KfdHeader, IsAsItIsDeclaredHere) {
#ifdef HAS_KFD_HEADER
  namespace abi = amd::kfd_abi;
  static_assert(sizeof(kfd_ioctl_smi_events_args) == sizeof(abi::SmiEventsArgs));
  EXPECT_EQ(offsetof(kfd_ioctl_smi_events_args, gpuid), offsetof(abi::SmiEventsArgs, gpu_id));
  EXPECT_EQ(offsetof(kfd_ioctl_smi_events_args, anon_fd), offsetof(abi::SmiEventsArgs, anon_fd));
  EXPECT_EQ(AMDKFD_IOC_SMI_EVENTS, abi::kSmiEvents);
  EXPECT_EQ(KFD_SMI_EVENT_VMFAULT, abi::kVmFault);
  EXPECT_EQ(KFD_SMI_EVENT_THERMAL_THROTTLE, abi::kThermalThrottle);
  EXPECT_EQ(KFD_SMI_EVENT_GPU_PRE_RESET, abi::kPreReset);
  EXPECT_EQ(KFD_SMI_EVENT_GPU_POST_RESET, abi::kPostReset);
  EXPECT_EQ(KFD_SMI_EVENT_MASK_FROM_INDEX(KFD_SMI_EVENT_GPU_POST_RESET),
            abi::mask_of(abi::kPostReset));
#else
  GTEST_SKIP() << "no header of the kernel that can be read";
#endif
}

}  // namespace
}  // namespace xpu::test
