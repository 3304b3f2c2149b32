<powershell>
# Opens WinRM over TLS on a machine in a cloud; runs once, as user data.
$ErrorActionPreference = 'Stop'
Enable-PSRemoting -Force -SkipNetworkProfileCheck
$certificate = New-SelfSignedCertificate -DnsName $env:COMPUTERNAME -CertStoreLocation 'Cert:\LocalMachine\My'
New-Item -Path 'WSMan:\localhost\Listener' -Transport HTTPS -Address '*' -CertificateThumbPrint $certificate.Thumbprint -Force | Out-Null
Set-Item -Path 'WSMan:\localhost\Service\AllowUnencrypted' -Value $false
New-NetFirewallRule -Name 'WINRM-HTTPS' -DisplayName 'WinRM over TLS' -Direction Inbound -Protocol TCP -LocalPort 5986 -Action Allow | Out-Null
</powershell>
