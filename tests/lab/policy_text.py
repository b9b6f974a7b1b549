"""Policies for the tests: one gateway, its values given by the case."""


def gateway(local="198.51.100.1", remote="198.51.100.2", local_net="10.1.0.0/24", remote_net="10.2.0.0/24",
            encryption="AES_GCM_16 KeyLength 256", integrity="None", prf="HMAC_SHA2_256", group="Group31",
            data_encryption="AES_GCM_16 KeyLength 256", data_authentication="ESP Null", encapsulation="Tunnel",
            method="PresharedKey", peer_method=None, local_id=None, remote_id=None, secret="a shared secret only for tests",
            on_demand="Yes", auto="No", initiate="IKEv2", extra_rules="", action_extra="", offer_extra="", ike_offer_extra="", liveness=30, allow_nat="No"):
    """The policy of a host that protects everything between two nets."""
    shared_key = f"    SharedKey            Ascii {secret}\n" if "PresharedKey" in (method, peer_method) else ""
    peers = "PresharedKey" if (peer_method or method) == "PresharedKey" else "RsaSignature"
    return f"""
IpFilterPolicy
{{
  AllowOnDemand          {on_demand}
  IpFilterRule           IKE
  {{
    IpSourceAddr         {local}
    IpDestAddr           {remote}
    IpServiceGroupRef    IKE
    IpGenericFilterActionRef permit
  }}
{extra_rules}
  IpFilterRule           nets
  {{
    IpSourceAddrSet      {local_net}
    IpDestAddrSet        {remote_net}
    IpService
    {{
      Protocol           All
      Direction          Bidirectional
      Routing            Either
    }}
    IpGenericFilterActionRef protect
    IpDynVpnActionRef    gold
    IpLocalStartAction
    {{
      AllowOnDemand      {on_demand}
      LocalIpGranularity  Rule
      RemoteIpGranularity Rule
      LocalSecurityEndpoint
      {{
        Identity         {local_id or 'IpAddr ' + local}
        Location         {local}
      }}
      RemoteSecurityEndpoint
      {{
        Identity         {remote_id or 'IpAddr ' + remote}
        Location         {remote}
      }}
    }}
  }}
}}
KeyExchangePolicy
{{
  AllowNat               {allow_nat}
  HowToInitiate          {initiate}
  LivenessInterval       {liveness}
  KeyExchangeRule        peer
  {{
    LocalSecurityEndpoint
    {{
      Identity           {local_id or 'IpAddr ' + local}
      Location           {local}
    }}
    RemoteSecurityEndpoint
    {{
      Identity           {remote_id or 'IpAddr ' + remote}
      Location           {remote}
    }}
    KeyExchangeActionRef ike
{shared_key}  }}
}}
LocalDynVpnPolicy
{{
  LocalDynVpnRule        net-to-net
  {{
    LocalIpSet           {local_net}
    RemoteIpSet          {remote_net}
    Protocol             All
    AutoActivate         {auto}
  }}
}}
IpServiceGroup           IKE
{{
  IpService
  {{
    Protocol             Udp
    SourcePortRange      500
    DestinationPortRange 500
    Direction            Bidirectional
    Routing              Local
  }}
  IpService
  {{
    Protocol             Udp
    SourcePortRange      4500
    DestinationPortRange 4500
    Direction            Bidirectional
    Routing              Local
  }}
}}
IpGenericFilterAction    permit
{{
  IpFilterAction         Permit
}}
IpGenericFilterAction    protect
{{
  IpFilterAction         IpSec
}}
IpDynVpnAction           gold
{{
  HowToEncapIKEv2        {encapsulation}
  InitiateWithPfs        None
  AcceptablePfs          None
  IpDataOffer
  {{
    HowToEncrypt         {data_encryption}
    HowToAuth            {data_authentication}
{offer_extra}  }}
}}
KeyExchangeAction        ike
{{
  HowToInitiate          {initiate}
  HowToAuthMe            {method}
{action_extra}
  KeyExchangeOffer
  {{
    HowToEncrypt         {encryption}
    HowToVerifyMsgs      {integrity}
    PseudoRandomFunction {prf}
    HowToAuthPeers       {peers}
    DHGroup              {group}
{ike_offer_extra}  }}
}}
"""


def manual(local="198.51.100.1", remote="198.51.100.2", local_net="10.1.0.0/24", remote_net="10.2.0.0/24", mode="Tunnel",
           encryption="AES_CBC KeyLength 128", authentication="ESP HMAC_SHA2_256_128", spis=(0x1001, 0x2002), keys=None, active="Yes", extra_rules="", extra="",
           ah_spis=None):
    """The policy of a host that protects everything between two nets with keys of its own. `spis` and `keys` are those of inbound and outbound: each key
    a pair of hexadecimal digits, for the cipher (empty: none) and for integrity. `ah_spis`: of AH around ESP, whose SPIs are the others then."""
    keys = keys or (("11" * 16, "33" * 32), ("22" * 16, "44" * 32))
    parts = ""
    for direction, spi, ah_spi, (cipher_key, integrity_key) in zip(("Inbound", "Outbound"), spis, ah_spis or (None, None), keys):
        parts += f"  Encrypt{direction}Spi    {spi}\n" if ah_spi else ""
        parts += f"  Auth{direction}Spi       {ah_spi or spi}\n  Auth{direction}Key       0x{integrity_key}\n"
        parts += f"  Encrypt{direction}Key    0x{cipher_key}\n" if cipher_key else ""
    return f"""
IpFilterPolicy
{{
{extra_rules}
  IpFilterRule           nets
  {{
    IpSourceAddrSet      {local_net}
    IpDestAddrSet        {remote_net}
    IpService
    {{
      Protocol           All
      Direction          Bidirectional
      Routing            {'Local' if mode == 'Transport' else 'Either'}
    }}
    IpGenericFilterActionRef protect
    IpManVpnActionRef    by-hand
  }}
}}
IpGenericFilterAction    protect
{{
  IpFilterAction         IpSec
  IpFilterLogging        LogDeny
}}
IpGenericFilterAction    permit
{{
  IpFilterAction         Permit
}}
IpManVpnAction           by-hand
{{
  Active                 {active}
  LocalSecurityEndpointAddr  {local}
  RemoteSecurityEndpointAddr {remote}
  HowToEncap             {mode}
  HowToEncrypt           {encryption}
  HowToAuth              {authentication}
{parts}{extra}}}
"""
