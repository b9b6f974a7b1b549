#pragma once
// The TUN device through which packets that must be protected come to the data plane, and protected ones return to the
// kernel. It exists as long as the object does.

#include <expected>
#include <span>
#include <string>

#include "stack/offload_header.h"
#include "stack/user/file_descriptor.h"
#include "stack/user/system_failure.h"

namespace adit::stack::user {

class TunDevice {
 public:
  /// A read: offload header and the longest packet.
  static constexpr std::size_t largest_read = OffloadHeader::size + 65536;

  /// With offloads: TCP segmentation of both families, UDP segmentation where the kernel has it. It is down.
  static std::expected<TunDevice, SystemFailure> open(const std::string& name);

  const std::string& name() const { return name_; }
  int fd() const { return file_.number(); }
  unsigned index() const { return index_; }
  /// The longest packet that the kernel gives; a sender of longer ones hears so by ICMP. Needs CAP_NET_ADMIN.
  std::expected<void, SystemFailure> set_mtu(unsigned octets);
  /// Octets read, offload header included; 0 when nothing waits.
  std::size_t read(MutableBytes into);
  /// False when the kernel takes it not.
  bool write(const OffloadHeader& header, std::span<const Bytes> pieces);

 private:
  TunDevice(FileDescriptor file, std::string name, unsigned index)
      : file_{std::move(file)}, name_{std::move(name)}, index_{index} {}

  FileDescriptor file_;
  std::string name_;
  unsigned index_;
};

}  // namespace adit::stack::user
