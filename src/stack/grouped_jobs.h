#pragma once
// The cipher jobs of one batch, brought together SA by SA: a cipher works on many packets of one SA at once. A counting
// sort in arrays of fixed size, so a batch costs no allocation and a time linear in its packets.

#include <array>
#include <cassert>
#include <cstdint>
#include <span>

#include "crypto/packet_cipher.h"
#include "stack/packet_buffer.h"

namespace adit::stack {

/// In the `group` of an SA that has no packet in the batch being made.
inline constexpr std::uint16_t no_group = 0xffff;

template <class Sa>
class GroupedJobs {
 public:
  void clear() { jobs_ = groups_ = 0; }

  /// A job for the packet at `index`; `sa` is the same until run() has been.
  void add(Sa& sa, std::size_t index, const crypto::PacketJob& job) {
    assert(jobs_ < largest_batch);
    if (sa.group == no_group) {
      sa.group = static_cast<std::uint16_t>(groups_);
      group_[groups_++] = {.sa = &sa, .begin = 0, .size = 0};
    }
    ++group_[sa.group].size;
    job_group_[jobs_] = sa.group;
    packet_index_[jobs_] = static_cast<std::uint16_t>(index);
    added_[jobs_++] = job;
  }

  /// Calls `work(sa, jobs of that SA)` for each SA, then `done(packet index, job)` for each packet in the order added.
  template <class Work, class Done>
  void run(Work work, Done done) {
    std::uint32_t begin = 0;
    for (std::size_t g = 0; g < groups_; ++g) {
      group_[g].begin = begin;
      begin += group_[g].size;
      group_[g].size = 0;
      group_[g].sa->group = no_group;
    }
    for (std::size_t j = 0; j < jobs_; ++j) {
      Group& group = group_[job_group_[j]];
      place_[j] = static_cast<std::uint16_t>(group.begin + group.size++);
      sorted_[place_[j]] = added_[j];
    }
    for (std::size_t g = 0; g < groups_; ++g) {
      work(*group_[g].sa, std::span{sorted_}.subspan(group_[g].begin, group_[g].size));
    }
    for (std::size_t j = 0; j < jobs_; ++j) done(packet_index_[j], sorted_[place_[j]]);
    clear();
  }

 private:
  struct Group {
    Sa* sa;
    std::uint32_t begin, size;
  };

  std::size_t jobs_ = 0, groups_ = 0;
  std::array<Group, largest_batch> group_;
  std::array<std::uint16_t, largest_batch> job_group_, packet_index_, place_;
  std::array<crypto::PacketJob, largest_batch> added_, sorted_;
};

}  // namespace adit::stack
