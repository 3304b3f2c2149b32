# Generalises a machine for Azure: its agent first, then sysprep, until the image is ready.
$ErrorActionPreference = 'Stop'
while ((Get-Service -Name 'RdAgent').Status -ne 'Running') { Start-Sleep -Seconds 5 }
while ((Get-Service -Name 'WindowsAzureGuestAgent').Status -ne 'Running') { Start-Sleep -Seconds 5 }
& "$env:SystemRoot\System32\Sysprep\Sysprep.exe" /oobe /generalize /quiet /quit /mode:vm
$state = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State'
while ((Get-ItemProperty -Path $state).ImageState -ne 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE') { Start-Sleep -Seconds 10 }
