package main

import (
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// destroy deletes the user: first without force_destroy, which is refused, and then with it.
func (it flow) destroy() {
	fmt.Println("aws_iam_user: destroy without force_destroy")
	it.leaveGroups()
	_, err := it.DeleteUser(it, &iam.DeleteUserInput{UserName: &it.user})
	it.call(http.StatusConflict, err)
	fmt.Println("aws_iam_user: destroy with force_destroy")
	it.leaveGroups()
	it.removePolicies()
	it.removeKeys()
	it.removeDevices()
	_, err = it.DeleteLoginProfile(it, &iam.DeleteLoginProfileInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	it.removeCertificatesAndCredentials()
	_, err = it.DeleteUser(it, &iam.DeleteUserInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	it.read(http.StatusNotFound)
}

func (it flow) leaveGroups() {
	groups, err := it.ListGroupsForUser(it, &iam.ListGroupsForUserInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	for _, group := range groups.Groups {
		_, err = it.RemoveUserFromGroup(it, &iam.RemoveUserFromGroupInput{UserName: &it.user, GroupName: group.GroupName})
		it.call(http.StatusOK, err)
	}
}

func (it flow) removePolicies() {
	inline, err := it.ListUserPolicies(it, &iam.ListUserPoliciesInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	for _, name := range inline.PolicyNames {
		_, err = it.DeleteUserPolicy(it, &iam.DeleteUserPolicyInput{UserName: &it.user, PolicyName: &name})
		it.call(http.StatusOK, err)
	}
	attached, err := it.ListAttachedUserPolicies(it, &iam.ListAttachedUserPoliciesInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	for _, policy := range attached.AttachedPolicies {
		_, err = it.DetachUserPolicy(it, &iam.DetachUserPolicyInput{UserName: &it.user, PolicyArn: policy.PolicyArn})
		it.call(http.StatusOK, err)
	}
}

func (it flow) removeKeys() {
	keys, err := it.ListAccessKeys(it, &iam.ListAccessKeysInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	for _, key := range keys.AccessKeyMetadata {
		_, err = it.DeleteAccessKey(it, &iam.DeleteAccessKeyInput{UserName: &it.user, AccessKeyId: key.AccessKeyId})
		it.call(http.StatusOK, err)
	}
	ssh, err := it.ListSSHPublicKeys(it, &iam.ListSSHPublicKeysInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	for _, key := range ssh.SSHPublicKeys {
		_, err = it.DeleteSSHPublicKey(it, &iam.DeleteSSHPublicKeyInput{
			UserName: &it.user, SSHPublicKeyId: key.SSHPublicKeyId,
		})
		it.call(http.StatusOK, err)
	}
}

// removeDevices deletes the virtual devices of the user, which it finds among those of the account, and then
// deactivates the devices that are left.
func (it flow) removeDevices() {
	devices, err := it.ListVirtualMFADevices(it, &iam.ListVirtualMFADevicesInput{
		AssignmentStatus: types.AssignmentStatusTypeAssigned,
	})
	it.call(http.StatusOK, err)
	for _, device := range devices.VirtualMFADevices {
		if device.User == nil || device.User.UserName == nil || *device.User.UserName != it.user {
			continue
		}
		_, err = it.DeactivateMFADevice(it, &iam.DeactivateMFADeviceInput{
			UserName: &it.user, SerialNumber: device.SerialNumber,
		})
		it.call(http.StatusOK, err)
		_, err = it.DeleteVirtualMFADevice(it, &iam.DeleteVirtualMFADeviceInput{SerialNumber: device.SerialNumber})
		it.call(http.StatusOK, err)
	}
	left, err := it.ListMFADevices(it, &iam.ListMFADevicesInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	equal("the number of devices", len(left.MFADevices), 0)
}

func (it flow) removeCertificatesAndCredentials() {
	certificates, err := it.ListSigningCertificates(it, &iam.ListSigningCertificatesInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	for _, one := range certificates.Certificates {
		_, err = it.DeleteSigningCertificate(it, &iam.DeleteSigningCertificateInput{
			UserName: &it.user, CertificateId: one.CertificateId,
		})
		it.call(http.StatusOK, err)
	}
	credentials, err := it.ListServiceSpecificCredentials(it, &iam.ListServiceSpecificCredentialsInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	for _, one := range credentials.ServiceSpecificCredentials {
		_, err = it.DeleteServiceSpecificCredential(it, &iam.DeleteServiceSpecificCredentialInput{
			UserName: &it.user, ServiceSpecificCredentialId: one.ServiceSpecificCredentialId,
		})
		it.call(http.StatusOK, err)
	}
}
