#pragma once
// Packets for the tests, built field by field.

#include "base/bytes.h"
#include "base/traffic_selector.h"
#include "stack/network_order.h"
#include "stack/transport_checksum.h"

namespace adit::test {

struct TcpPacket {
  bool is_v4 = true;
  std::uint16_t source_port = 1024, destination_port = 80;
  std::uint32_t sequence = 1000, acknowledgment = 500;
  std::uint8_t flags = 0x10;
  std::uint16_t window = 4000;
  std::uint16_t identification = 7;
  std::uint8_t traffic_class = 0;
  ByteString options;  // of TCP; a multiple of 4
  ByteString payload;
};

/// With right checksums.
inline ByteString built(const TcpPacket& fields) {
  const std::size_t ip = fields.is_v4 ? 20 : 40;
  const std::size_t headers = ip + 20 + fields.options.size();
  ByteString packet(headers + fields.payload.size());
  std::uint8_t* at = packet.data();
  if (fields.is_v4) {
    at[0] = 0x45;
    at[1] = fields.traffic_class;
    stack::store_u16(at + 2, static_cast<std::uint16_t>(packet.size()));
    stack::store_u16(at + 4, fields.identification);
    stack::store_u16(at + 6, 0x4000);
    at[8] = 64;
    at[9] = IpProtocol::tcp;
    stack::store_u32(at + 12, 0x0a010101);
    stack::store_u32(at + 16, 0x0a010102);
    stack::store_u16(at + 10, static_cast<std::uint16_t>(~stack::ones_complement_sum({at, 20})));
  } else {
    at[0] = static_cast<std::uint8_t>(0x60 | fields.traffic_class >> 4);
    at[1] = static_cast<std::uint8_t>(fields.traffic_class << 4);
    stack::store_u16(at + 4, static_cast<std::uint16_t>(packet.size() - 40));
    at[6] = IpProtocol::tcp;
    at[7] = 64;
    at[8] = at[24] = 0xfd;
    at[23] = 1;
    at[39] = 2;
  }
  std::uint8_t* tcp = at + ip;
  stack::store_u16(tcp, fields.source_port);
  stack::store_u16(tcp + 2, fields.destination_port);
  stack::store_u32(tcp + 4, fields.sequence);
  stack::store_u32(tcp + 8, fields.acknowledgment);
  tcp[12] = static_cast<std::uint8_t>((20 + fields.options.size()) / 4 << 4);
  tcp[13] = fields.flags;
  stack::store_u16(tcp + 14, fields.window);
  std::copy(fields.options.begin(), fields.options.end(), tcp + 20);
  std::copy(fields.payload.begin(), fields.payload.end(), at + headers);
  const std::uint16_t sum = stack::transport_sum(at, IpProtocol::tcp, Bytes{packet}.subspan(ip));
  stack::store_u16(tcp + 16, static_cast<std::uint16_t>(~sum));
  return packet;
}

}  // namespace adit::test
