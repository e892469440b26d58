// SPDX-License-Identifier: MIT
// Configuration for DHCP servers, as they check it themselves, and what their leases make known.
#include "office.hpp"
#include "provisioning/admin/control.hpp"
#include "provisioning/admin/dhcp_config.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using inventory::Step;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* panasonic = "0080f0123456";
constexpr const char* laptop = "3c970e000001";

struct Dhcp : testing::Test {
    Office office;

    std::string config(const std::string& words) {
        const auto reply = office.run("dhcp " + words);
        EXPECT_EQ(reply.status, 0) << reply.text;
        return reply.text;
    }

    std::vector<std::string> steps(const char* mac) {
        std::vector<std::string> names;
        const auto events = office.shelf->timeline(mac_of(mac));
        EXPECT_TRUE(events);
        for (const auto& event : *events) {
            names.push_back(fmt::format("{} {} {} x{}", inventory::name(event.step), event.address,
                                        event.detail, event.count));
        }
        return names;
    }

    const inventory::Device* device(const char* mac) {
        now_ = office.shelf->now();
        return now_.device(mac_of(mac));
    }

    std::string file(const std::string& name, const std::string& text) {
        auto path = (office.shelf.folder() / name).string();
        std::ofstream(path) << text;
        return path;
    }

    inventory::Snapshot now_;
};

/// Runs a program of the tests' own words; its status.
int run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()); // NOLINT
}

bool is_there(const std::string& program) {
    return run("PATH=$PATH:/usr/sbin command -v " + program) == 0;
}

TEST_F(Dhcp, DnsmasqIsToldOption66ForThesePhonesOnly) {
    const auto text = config("dnsmasq --host 192.0.2.10");
    EXPECT_THAT(text, HasSubstr("dhcp-mac=set:pnp-panasonic,00:80:f0:*:*:*\n"));
    EXPECT_THAT(text, HasSubstr("dhcp-option=tag:pnp-panasonic,66,\"192.0.2.10\"\n"));
    EXPECT_THAT(text, HasSubstr("dhcp-script=/usr/local/bin/pnp-dhcp-event\n"));
    EXPECT_THAT(text, Not(HasSubstr("htek"))) << "it uses no option";
}

constexpr const char* to_openstage = "01:07:53:69:65:6d:65:6e:73:03:17:73:64:6c:70:3a:2f:2f:31:30:"
                                     "2e:32:30:2e:33:30:2e:35:3a:31:38:34:34:33:ff";

std::string without(std::string text, char unwanted) {
    text.erase(std::remove(text.begin(), text.end(), unwanted), text.end());
    return text;
}

TEST_F(Dhcp, OpenStagePhonesAreToldOption43BecauseOfWhatTheySayTheyAre) {
    EXPECT_THAT(
        config("dnsmasq --host 10.20.30.5"),
        AllOf(HasSubstr("\n# OpenStage: option 43 says where they are provisioned, "
                        "sdlp://10.20.30.5:18443\n"
                        "dhcp-vendorclass=set:pnp-openstage,OptiIpPhone\n"),
              HasSubstr(fmt::format("dhcp-option-force=tag:pnp-openstage,43,{}\n", to_openstage))));
    EXPECT_THAT(office.run("dhcp hex --host sdlp://10.20.30.5").text,
                HasSubstr("write an address or a host name alone"));
    EXPECT_THAT(config("kea --host 10.20.30.5"),
                AllOf(HasSubstr("\"test\": \"substring(option[60].hex, 0, 11) == 'OptiIpPhone'\""),
                      HasSubstr(fmt::format("\"data\": \"{}\"", without(to_openstage, ':')))));
    EXPECT_THAT(
        config("isc --host 10.20.30.5"),
        AllOf(HasSubstr("class \"pnp-openstage\" {\n  match if substring(option "
                        "vendor-class-identifier, 0, 11) = \"OptiIpPhone\";\n"),
              HasSubstr(fmt::format("  option vendor-encapsulated-options {};\n", to_openstage))));
}

TEST_F(Dhcp, AnyOtherServerIsToldTheBytes) {
    const auto text = config("hex --host 10.20.30.5");
    EXPECT_THAT(text, AllOf(HasSubstr("# To clients whose option 60 starts with OptiIpPhone "
                                      "(4f:70:74:69:49:70:50:68:6f:6e:65)\n43 "),
                            HasSubstr(fmt::format("\n43 {}\n", to_openstage)),
                            HasSubstr("\n# 43 01:0a:53:69:65:6d:65:6e:73:00:00:00:03:17:")));
    EXPECT_THAT(text, AllOf(HasSubstr("# To clients whose MAC starts with 00:80:f0, "),
                            HasSubstr("\n66 31:30:2e:32:30:2e:33:30:2e:35\n")));
    EXPECT_THAT(text, Not(HasSubstr(std::string(admin::dhcp_program)))) << "it tells of no lease";
}

TEST_F(Dhcp, AVlanIsToldToOpenStagePhones) {
    const auto text = config("dnsmasq --host 10.20.30.5 --vlan 20");
    EXPECT_THAT(text, HasSubstr(",43,01:07:53:69:65:6d:65:6e:73:02:04:00:00:00:14:03:17:"));
    EXPECT_THAT(text, HasSubstr("moves them to VLAN 20"));
    for (const char* bad : {"0", "4095", "-1", "x", "20x", "18446744073709551617"}) {
        const auto reply = office.run(std::string("dhcp dnsmasq --host 10.20.30.5 --vlan=") + bad);
        EXPECT_EQ(reply.status, 2) << bad;
        EXPECT_THAT(reply.text, HasSubstr("numbered 1 to 4094"));
    }
}

TEST_F(Dhcp, ThePortIsTheOneThatIsServed) {
    auto reach = office.reach();
    reach.wpi_port = [] { return std::uint16_t{18999}; };
    office.commands = std::make_shared<admin::Commands>(reach);
    EXPECT_THAT(config("dnsmasq --host 10.20.30.5"), HasSubstr("sdlp://10.20.30.5:18999\n"));
    reach.wpi_port = [] { return std::uint16_t{0}; };
    office.commands = std::make_shared<admin::Commands>(reach);
    EXPECT_THAT(config("dnsmasq --host 10.20.30.5"), Not(HasSubstr("openstage")));
}

TEST_F(Dhcp, DnsmasqTakesIt) {
    if (!is_there("dnsmasq")) {
        GTEST_SKIP() << "no dnsmasq here";
    }
    const auto test = "PATH=$PATH:/usr/sbin dnsmasq --test --conf-file=";
    for (const char* host : {"192.0.2.10", "pnp.example.net"}) {
        EXPECT_EQ(run(test + file("good", config(std::string("dnsmasq --host ") + host))), 0);
    }
    EXPECT_EQ(run(test + file("good", config("dnsmasq --host 192.0.2.10 --vlan 20"))), 0);
    EXPECT_NE(run(test + file("bad", "dhcp-option=tag:x,66\nnonsense\n")), 0) << "it does look";
}

/// Kea and dhcpd are not among the packages of the tests: they are asked where they are installed.
TEST_F(Dhcp, KeaTakesIt) {
    if (!is_there("kea-dhcp4")) {
        GTEST_SKIP() << "no kea-dhcp4 here";
    }
    const auto test = "PATH=$PATH:/usr/sbin KEA_LOCKFILE_DIR=none kea-dhcp4 -t ";
    auto text = config("kea --host 192.0.2.10");
    const auto hook = text.find(",\n    // PBX PnP hears");
    ASSERT_NE(hook, std::string::npos);
    if (!std::filesystem::exists("/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_run_script.so")) {
        text = text.substr(0, hook) + "}}"; // Kea looks for the library too
    }
    EXPECT_EQ(run(test + file("good", text)), 0);
    EXPECT_NE(run(test + file("bad", R"({"Dhcp4": {"client-classes": [{"test": "x"}]}})")), 0);
}

TEST_F(Dhcp, DhcpdTakesIt) {
    if (!is_there("dhcpd")) {
        GTEST_SKIP() << "no dhcpd here";
    }
    const auto test = "PATH=$PATH:/usr/sbin dhcpd -t -cf ";
    EXPECT_EQ(run(test + file("good", config("isc --host 192.0.2.10"))), 0);
    EXPECT_NE(run(test + file("bad", "class \"x\" { match if; }\n")), 0);
}

TEST_F(Dhcp, TheHostIsOurOwnUnlessThereAreSeveral) {
    EXPECT_THAT(office.run("dhcp dnsmasq").text, StartsWith("no interface is served; name"));
    auto reach = office.reach();
    std::vector<base::Ipv4> own{*base::Ipv4::parse("10.1.2.3")};
    reach.own_addresses = [&] { return own; };
    office.commands = std::make_shared<admin::Commands>(reach);
    EXPECT_THAT(config("dnsmasq"), HasSubstr(",66,\"10.1.2.3\"\n"));
    own.push_back(*base::Ipv4::parse("10.9.9.9"));
    const auto reply = office.run("dhcp dnsmasq");
    EXPECT_EQ(reply.status, 1);
    EXPECT_THAT(reply.text,
                AllOf(HasSubstr("10.1.2.3"), HasSubstr("10.9.9.9"), HasSubstr("--host ADDRESS")));
}

TEST_F(Dhcp, AnUnknownServerIsNotUnderstood) {
    EXPECT_EQ(office.run("dhcp bootp").status, 2);
    EXPECT_THAT(office.run("dhcp bootp").text, HasSubstr("dnsmasq, kea and isc, and hex"));
    EXPECT_EQ(office.run("dhcp").status, 2);
    EXPECT_THAT(office.commands->complete({"dhcp", "d"}), ElementsAre("dnsmasq"));
    EXPECT_THAT(office.commands->complete({"dhcp-event", ""}), ElementsAre("add", "del", "old"));
}

TEST(TftpHost, IsAnAddressOrANameOf64BytesAndNoUrl) { // C53, guide §2.4.2.2
    const std::string label(31, 'a');
    const auto name = label + "." + label; // 63
    for (const auto& good :
         {std::string("192.168.0.1"), std::string("pnp"), std::string("pnp.example.net"),
          std::string("4pnp.example"), name, name + "b"}) {
        EXPECT_TRUE(admin::check_tftp_host(good)) << good;
    }
    for (const auto& bad : {std::string(),
                            std::string("http://192.0.2.10/"),
                            std::string("tftp://pnp"),
                            std::string("192.0.2.10:69"),
                            std::string("192.0.2.10/24"),
                            std::string("192.0.2"),
                            std::string("192.0.2.256"),
                            std::string("0.0.0.0"),
                            std::string("127.0.0.1"),
                            std::string("224.0.1.75"),
                            std::string("255.255.255.255"),
                            std::string("-pnp"),
                            std::string("pnp-"),
                            std::string("pnp..net"),
                            std::string("pnp."),
                            std::string("p p"),
                            std::string("p\"; evil"),
                            std::string("pnp\n"),
                            std::string("pn\xc3\xbc"),
                            std::string(64, 'a'),
                            name + "bc",
                            std::string("2001:db8::1")}) {
        const auto checked = admin::check_tftp_host(bad);
        EXPECT_FALSE(checked) << bad;
    }
    EXPECT_THAT(admin::check_tftp_host("http://x/").error().what, HasSubstr("no URL"));
    EXPECT_THAT(admin::check_tftp_host(name + "bc").error().what, HasSubstr("has 65 bytes"));
}

TEST_F(Dhcp, ALeaseMakesAPhoneKnownByItsMac) {
    EXPECT_EQ(office.run(std::string("dhcp-event add 00:80:f0:12:34:56 10.0.0.7")).status, 0);
    ASSERT_NE(device(panasonic), nullptr);
    EXPECT_EQ(device(panasonic)->approval, inventory::Approval::pending);
    EXPECT_EQ(device(panasonic)->seen.address.str(), "10.0.0.7");
    EXPECT_EQ(device(panasonic)->seen.vendor, "Panasonic");
    EXPECT_THAT(steps(panasonic), ElementsAre("leased 10.0.0.7 Panasonic x1"));
    EXPECT_THAT(office.run("show devices").text, HasSubstr(panasonic));
    EXPECT_THAT(office.run(std::string("explain ") + panasonic).text,
                AllOf(HasSubstr("10.0.0.7 got this address by DHCP: Panasonic"),
                      HasSubstr("It got the address 10.0.0.7 by DHCP"), HasSubstr("option 66"),
                      HasSubstr("pnp assign 0080f0123456 EXT. ")));
}

TEST_F(Dhcp, ALaptopIsNoPhone) {
    const auto reply = office.run(std::string("dhcp-event add ") + laptop + " 10.0.0.8 laptop");
    EXPECT_EQ(reply.status, 0) << "a DHCP server logs every other status";
    EXPECT_THAT(reply.text, HasSubstr("is no phone"));
    EXPECT_EQ(office.run(std::string("dhcp-event del ") + laptop + " 10.0.0.8").status, 0);
    EXPECT_EQ(device(laptop), nullptr);
}

TEST_F(Dhcp, AForeignMacIsAPhoneByItsHostNameOrVendorClass) {
    office.run(std::string("dhcp-event add ") + laptop + " 10.0.0.8 KX-UT670-7");
    ASSERT_NE(device(laptop), nullptr);
    EXPECT_EQ(device(laptop)->seen.vendor, "Panasonic");
    EXPECT_EQ(device(laptop)->seen.model, "KX-UT670");
    EXPECT_THAT(steps(laptop),
                ElementsAre("leased 10.0.0.8 Panasonic and host name KX-UT670-7 x1"));
    const char* other = "3c970e000002";
    office.run(std::string("dhcp-event add ") + other + " 10.0.0.9 --vendor-class Panasonic_KX");
    ASSERT_NE(device(other), nullptr);
    EXPECT_THAT(steps(other),
                ElementsAre("leased 10.0.0.9 Panasonic and vendor class Panasonic_KX x1"));
    office.run("dhcp-event add 3c970e000003 10.0.0.10 uc924");
    ASSERT_NE(device("3c970e000003"), nullptr);
    EXPECT_EQ(device("3c970e000003")->seen.vendor, "Htek");
}

TEST_F(Dhcp, LeasesNeverApproveAndNeverUnblock) {
    office.run(std::string("block ") + panasonic);
    office.run(std::string("dhcp-event add ") + panasonic + " 10.0.0.7");
    EXPECT_EQ(device(panasonic)->approval, inventory::Approval::blocked);
    office.run("extension add 201");
    office.run("assign 0080f0000001 201");
    office.run("dhcp-event add 0080f0000001 10.0.0.8");
    EXPECT_TRUE(device("0080f0000001")->is_approved());
    EXPECT_THAT(
        office.run("explain 0080f0000001").text,
        AllOf(HasSubstr("It got the address 10.0.0.8 by DHCP"), Not(HasSubstr("pnp assign"))));
    EXPECT_THAT(office.run("export audit").text, Not(HasSubstr("dhcp")));
}

TEST_F(Dhcp, WhatAPhoneSaidOfItselfStays) {
    office.phone_asked(phone_a, Step::held);
    office.run(std::string("dhcp-event add ") + phone_a + " 10.0.0.77 KX-UT670");
    EXPECT_EQ(device(phone_a)->seen.model, "UC924");
    EXPECT_EQ(device(phone_a)->seen.vendor, "Htek");
    EXPECT_EQ(device(phone_a)->seen.address.str(), "10.0.0.77");
}

TEST_F(Dhcp, ALeaseThatAnybodyTellsOfDoesNotMoveAPhoneOfOurs) {
    office.phone_asked(phone_a, Step::held);
    const auto where = device(phone_a)->seen.address;
    office.run(std::string("approve ") + phone_a);
    ASSERT_TRUE(device(phone_a)->is_approved());
    office.run(std::string("dhcp-event add ") + phone_a + " 10.0.0.66 KX-UT670");
    EXPECT_EQ(device(phone_a)->seen.address, where) << "there it is told to come again";
    EXPECT_THAT(office.run(std::string("explain ") + phone_a).text, HasSubstr("10.0.0.66 got"));
}

TEST_F(Dhcp, LeasesInItsNamePushNothingOutOfAPhonesStory) {
    office.shelf.has_extension("201");
    office.run(fmt::format("assign {} 201", panasonic));
    office.shelf->note(mac_of(panasonic), Step::configured, "10.0.0.5", "");
    for (int i = 0; i < 300; ++i) {
        office.run(fmt::format("dhcp-event add {} 10.0.1.{} host-{}", panasonic, i % 200 + 1, i));
        office.run(fmt::format("dhcp-event del {} 10.0.1.{}", panasonic, i % 200 + 1));
    }
    EXPECT_THAT(steps(panasonic), testing::Contains(HasSubstr("configured")));
    EXPECT_LT(steps(panasonic).size(), 15U);
    office.shelf.clock.advance(std::chrono::hours(25));
    office.run(fmt::format("dhcp-event add {} 10.0.1.7", panasonic));
    EXPECT_THAT(steps(panasonic).back(), HasSubstr("leased 10.0.1.7"));
}

TEST_F(Dhcp, OldLeasesAreNewsOfUnknownPhonesOnly) {
    office.run(std::string("dhcp-event old ") + panasonic + " 10.0.0.7");
    const auto heard = device(panasonic)->seen.last;
    office.shelf.clock.advance(std::chrono::hours(1));
    office.run(std::string("dhcp-event old ") + panasonic + " 10.0.0.99");
    EXPECT_EQ(device(panasonic)->seen.last, heard) << "the server may just have started";
    EXPECT_EQ(steps(panasonic).size(), 1U);
    office.run(std::string("dhcp-event del ") + panasonic + " 10.0.0.7");
    EXPECT_EQ(steps(panasonic).back(), "lease_ended 10.0.0.7  x1");
    EXPECT_EQ(device(panasonic)->seen.last, heard);
}

TEST_F(Dhcp, LeasesCostNothingThatGrows) {
    for (int i = 0; i < 300; ++i) {
        office.run(std::string("dhcp-event add ") + panasonic + " 10.0.0.7");
        office.run(std::string("dhcp-event del ") + panasonic + " 10.0.0.7");
    }
    EXPECT_LE(steps(panasonic).size(), 20U);
    for (int i = 0; i < 50; ++i) {
        office.run("dhcp-event add 0080f0999999 10.0.0.7");
    }
    EXPECT_THAT(steps("0080f0999999"), ElementsAre("leased 10.0.0.7 Panasonic x50"));
    for (int i = 0; i < 3000; ++i) {
        office.run(fmt::format("dhcp-event add 0080f0{:06x} 10.0.0.7", i));
    }
    EXPECT_LE(office.shelf->now().devices().size(), 2000U) << "max_heard";
}

TEST_F(Dhcp, EventsThatAreNoneAreNotUnderstood) {
    for (const char* words :
         {"dhcp-event", "dhcp-event add", "dhcp-event add 0080f0123456",
          "dhcp-event init 0080f0123456 10.0.0.7", "dhcp-event add nonsense 10.0.0.7",
          "dhcp-event add 0080f0123456 10.0.0", "dhcp-event add 0080f0123456 ::1",
          "dhcp-event add 0080f0123456 0.0.0.0", "dhcp-event add 0080f0123456 10.0.0.7 a b"}) {
        EXPECT_EQ(office.run(words).status, 2) << words;
    }
    EXPECT_EQ(device(panasonic), nullptr);
}

TEST_F(Dhcp, StrangersBytesAreShownPrintable) {
    office.commands->run(
        {"dhcp-event", "--vendor-class=\x1b[2J", "add", panasonic, "10.0.0.7", "KX\xff"},
        {"uid 7", {}, true});
    EXPECT_THAT(steps(panasonic).front(), AllOf(HasSubstr("\\x1b[2J"), HasSubstr("KX\\xff")));
}

TEST_F(Dhcp, ACallerOfTheSecondSocketMayDoNothingElse) {
    const admin::Caller caller{"uid 7", {}, true, "dhcp-event"};
    for (const auto& line : admin::Commands::table()) {
        std::vector<std::string> words;
        for (const auto word : base::split(line.words, ' ')) {
            words.emplace_back(word);
        }
        if (line.words != "dhcp-event") {
            for (const char* more : {"", "--json", "pnp"}) {
                auto spelled = words;
                if (*more != '\0') {
                    spelled.insert(spelled.begin(), more);
                }
                const auto reply = office.commands->run(spelled, caller);
                EXPECT_EQ(reply.status, 1) << line.words;
                EXPECT_THAT(reply.text, HasSubstr("here `dhcp-event` is taken and nothing else"));
            }
        }
    }
    EXPECT_EQ(office.commands->run({}, caller).status, 1);
    EXPECT_EQ(office.commands->run({"dhcp-event", "add", panasonic, "10.0.0.7"}, caller).status, 0);
}

} // namespace
